// Files as the writer needs them: created once, appended to, read whole. One of the small files that a port
// to another system rewrites. L0.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace tickertape {

// An open file; closes itself. Move-only. Every failure is an IoError with errno and path, unless said
// otherwise.
class File {
 public:
  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // Creates `path` and opens it to append; EEXIST where there is one.
  static File create(const std::string& path);
  static File open_to_read(const std::string& path);
  // Opens an existing file to read and append.
  static File open_to_append(const std::string& path);

  bool is_open() const { return descriptor_ >= 0; }
  const std::string& path() const { return path_; }

  // Appends what the system takes in one call. Returns the number of bytes (at least 1 for a non-empty span),
  // or minus errno: the caller of a writer's own file decides whether that is an error or a delay.
  std::int64_t append_some(Bytes bytes);

  // Reads at most `size` bytes from `offset`; fewer only at the end of the file.
  std::size_t read_at(std::uint64_t offset, std::uint8_t* to, std::size_t size) const;

  std::uint64_t size() const;

  // What this machine knows of the open file, without asking a server: a network's file system would first
  // write back what it has in memory (nfs(5)). False where it cannot be told.
  struct State {
    std::uint64_t size;
    std::uint64_t links;  // names; 0: somebody deleted it
  };
  bool known_state(State& state) const noexcept;

  void sync();
  void truncate(std::uint64_t size);
  void close();

 private:
  File(int descriptor, std::string path);
  int descriptor_ = -1;
  std::string path_;
};

// Makes `path` and what is missing above it; fine where it already is a directory.
void make_directories(const std::string& path);

}  // namespace tickertape
