// A file that is locked while the process that created it lives, such as a ring file. Recovery opens orphaned
// rings with it. A port to another system rewrites locked_file_linux.cc. L0.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace tickertape {

// An existing file, open for reading and writing and locked by this process until the destructor runs. It is
// read with system calls because a mapped file that has holes or is truncated raises SIGBUS. Move-only.
//
// Do not open a file that this process has locked already: closing it would release the first lock as well
// (fcntl(2), POSIX record locks).
class LockedFile {
 public:
  // Throws IoError: EWOULDBLOCK if a living process holds the lock, EPERM if it is not a regular file of this
  // user.
  explicit LockedFile(const std::string& path);
  LockedFile(LockedFile&& other) noexcept;
  LockedFile& operator=(LockedFile&&) = delete;
  ~LockedFile();

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // at the time of opening
  // Seconds since its content last changed.
  double age_seconds() const;

  // Reads up to `size` bytes and returns their number, which is less than `size` only at the end of the file.
  // Throws IoError.
  std::size_t read_at(std::uint64_t offset, std::uint8_t* to, std::size_t size) const;
  // Throws IoError.
  void write_at(std::uint64_t offset, Bytes bytes) const;

  // Removes the file's name; not an error if it is gone already. Throws IoError.
  void unlink();
  // Renames the file within its directory. Throws IoError.
  void rename(const std::string& path);

 private:
  int descriptor_;
  std::uint64_t size_ = 0;
  std::string path_;
};

// True if the living process `pid` has a file called `name` (without directories) mapped, or if this cannot
// be determined.
bool process_may_map(std::uint32_t pid, const std::string& name);

}  // namespace tickertape
