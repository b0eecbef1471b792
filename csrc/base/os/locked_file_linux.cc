// LockedFile on POSIX systems, and process_may_map() on Linux; see locked_file.h. L0.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/os/clock.h"
#include "base/os/locked_file.h"
#include "base/os/process.h"

namespace tickertape {
namespace {

bool lock_now(int descriptor) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(descriptor, F_SETLK, &lock) == 0;
}

}  // namespace

LockedFile::LockedFile(const std::string& path)
    : descriptor_(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)), path_(path) {
  if (descriptor_ < 0) throw IoError(errno, path, "cannot open op ring");
  struct stat status;
  int error = 0;
  if (fstat(descriptor_, &status) != 0) {
    error = errno;
  } else if (!S_ISREG(status.st_mode) || status.st_uid != user_id()) {
    error = EPERM;
  } else if (!lock_now(descriptor_)) {
    error = errno == EACCES || errno == EAGAIN ? EWOULDBLOCK : errno;
  }
  if (error != 0) {
    close(descriptor_);
    throw IoError(error, path, "cannot take op ring");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

LockedFile::LockedFile(LockedFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_), path_(std::move(other.path_)) {}

LockedFile::~LockedFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

double LockedFile::age_seconds() const {
  struct stat status;
  if (fstat(descriptor_, &status) != 0) throw IoError(errno, path_, "cannot stat op ring");
  return wall_time_now() - static_cast<double>(status.st_mtim.tv_sec);
}

std::size_t LockedFile::read_at(std::uint64_t offset, std::uint8_t* to, std::size_t size) const {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(descriptor_, to + done, size - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError(errno, path_, "cannot read op ring");
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void LockedFile::write_at(std::uint64_t offset, Bytes bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        pwrite(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) throw IoError(put < 0 ? errno : ENOSPC, path_, "cannot write op ring");
    done += static_cast<std::size_t>(put);
  }
}

void LockedFile::unlink() {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) throw IoError(errno, path_, "cannot remove op ring");
}

void LockedFile::rename(const std::string& path) {
  if (std::rename(path_.c_str(), path.c_str()) != 0) throw IoError(errno, path_, "cannot rename op ring");
  path_ = path;
}

bool process_may_map(std::uint32_t pid, const std::string& name) {
  // Each line describes one mapping and ends with its file's path (proc(5)). A zombie has no lines.
  const std::string path = "/proc/" + std::to_string(pid) + "/maps";
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno != ENOENT && errno != ESRCH;
  std::string text;
  std::array<char, 16384> piece;
  ssize_t got;
  while ((got = read(descriptor, piece.data(), piece.size())) > 0) {
    // Keep enough of the previous piece to find a name that straddles two pieces.
    if (text.size() > name.size()) text.erase(0, text.size() - name.size());
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.find(name) != std::string::npos) break;
  }
  const bool is_unknown = got < 0 && errno != ESRCH;
  close(descriptor);
  return got > 0 || is_unknown;
}

}  // namespace tickertape
