// A file that a living process keeps locked and a dead one leaves unlocked. One of the small files that a
// port to another system rewrites. L0.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/os/file_lock.h"

namespace tickertape {

// An existing file, locked and open to read and write, until this object is destroyed. Read with system
// calls, not mapped: a mapped file with holes, or one that somebody truncates, raises SIGBUS. Move-only.
class LockedFile {
 public:
  // Never follows a link and never waits. Throws IoError: EWOULDBLOCK if somebody holds the lock, this
  // process included; ELOOP for a symbolic link; EPERM if the file is not this user's; EINVAL if it is not a
  // regular file.
  explicit LockedFile(const std::string& path);

  const std::string& path() const { return path_; }
  // Its size when it was opened, and how much of that is not holes.
  std::uint64_t size() const;
  std::uint64_t allocated_bytes() const;
  // Seconds since its content last changed.
  double age_seconds() const;

  // Reads at most `size` bytes; fewer only at the end of the file. Throws IoError.
  std::size_t read_at(std::uint64_t offset, std::uint8_t* to, std::size_t size) const;
  // Throws IoError.
  void write_at(std::uint64_t offset, Bytes bytes) const;

  // Removes the file's name. Throws IoError.
  void unlink();
  // Gives the file another name in its directory. Throws IoError.
  void rename(const std::string& path);

 private:
  LockedDescriptor file_;
  std::string path_;
};

}  // namespace tickertape
