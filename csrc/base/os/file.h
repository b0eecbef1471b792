// Files as the writer needs them: create, append, read, sync, truncate. A port to another system rewrites
// file_posix.cc. L0.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace tickertape {

// Where a file is and which one it is, so that another process can find it again. Has no device number,
// because that changes when a file system is mounted again.
struct FileLocation {
  std::string path;                   // absolute, without symbolic links
  std::uint64_t inode = 0;            // 0: the file has not been created yet
  std::int64_t birth_ns = 0;          // when it was created; 0: the file system does not say
  std::uint64_t directory_inode = 0;  // 0: there is no directory
};

// An open file, closed by the destructor. Move-only. A program may close descriptors that are not its own
// (daemons do), and then the number may belong to another file; known_state() and sync() notice that, and
// close() leaves such a descriptor alone. Unless stated otherwise, a failure throws IoError with errno and
// path.
class File {
 public:
  // Which file it is, and what tells that its content has changed.
  struct Version {
    std::uint64_t device = 0, inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    bool operator==(const Version&) const = default;
  };

  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // Creates `path` and opens it for appending. Throws IoError with EEXIST if it exists.
  static File create(const std::string& path);
  // Opens a regular file, or a symbolic link to one. Refuses everything else (FIFOs, devices, directories)
  // without waiting for it: EISDIR for a directory, EINVAL for the rest.
  static File open_to_read(const std::string& path);
  // The same for a name that was found to be a regular file or a link to one before, and what version()
  // returned right then: with fewer system calls. What is a device by now may be opened before it is
  // refused.
  static File open_found(const std::string& path, Version& version);
  // Opens an existing file for reading and appending.
  static File open_to_append(const std::string& path);

  const std::string& path() const { return path_; }

  // Appends as many bytes as the system accepts in one call. Returns their number (at least 1 if the span is
  // not empty) or -errno; the caller decides whether that is an error or a delay.
  std::int64_t append_some(Bytes bytes);

  // Reads up to `size` bytes from `offset` and returns their number, which is less than `size` only at the
  // end of the file.
  std::size_t read_at(std::uint64_t offset, std::uint8_t* to, std::size_t size) const;

  std::uint64_t size() const;

  Version version() const;

  // Opens the same file again, to append. Throws IoError; ESTALE if another file has its path now.
  File reopened() const;

  // Never throws: unknown numbers are 0, and the path is the one that was opened.
  FileLocation location() const noexcept;

  // Returns what this machine knows about the open file without asking a server: a network file system would
  // first write back its dirty pages (nfs(5)). Returns false if this is not known.
  struct State {
    std::uint64_t size;
    std::uint64_t links;  // number of names; 0: the file was deleted
    bool is_ours;         // false: somebody closed the descriptor, and the rest says nothing
  };
  bool known_state(State& state) const noexcept;

  void sync();
  void truncate(std::uint64_t size);
  void close();

 private:
  friend class Directory;
  File(int descriptor, std::string path);
  // Which file a descriptor belongs to; zeros: unknown.
  struct Identity {
    std::uint64_t device = 0, inode = 0;
    bool operator==(const Identity&) const = default;
  };
  File(int descriptor, Identity identity, std::string path);
  static File regular(int descriptor, const std::string& path, Version& version);
  static Identity identity_of(int descriptor) noexcept;
  bool is_ours() const noexcept { return identity_of(descriptor_) == identity_; }

  int descriptor_ = -1;
  Identity identity_;
  std::string path_;
};

// Creates directory `path` and its missing parents. Does nothing if it exists. Throws IoError.
void make_directories(const std::string& path);

// The location of a file that could not be created at `path`. Never throws.
FileLocation location_of_missing_file(const std::string& path) noexcept;

}  // namespace tickertape
