// A file that a dead process may have left and a living one would hold locked. One of the small files that a
// port to another system rewrites. L0.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace tickertape {

// An existing file, open to read and write and locked for this process alone; lets go of both when it goes.
// Read with system calls, not mapped: a mapped file that has holes, or that somebody cuts off, raises SIGBUS.
// Move-only. Never to be opened on a file that this process holds locked already: closing it would drop that
// lock too (fcntl(2), POSIX record locks).
class LockedFile {
 public:
  // Throws IoError: EWOULDBLOCK where a living process holds the lock, EPERM where the file is no regular
  // file of this user.
  explicit LockedFile(const std::string& path);
  LockedFile(LockedFile&& other) noexcept;
  LockedFile& operator=(LockedFile&&) = delete;
  ~LockedFile();

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // when it was opened
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
  int descriptor_;
  std::uint64_t size_ = 0;
  std::string path_;
};

// True where the living process `pid` has a file called `name` (without directories) mapped, or this cannot
// be found out.
bool process_may_map(std::uint32_t pid, const std::string& name);

}  // namespace tickertape
