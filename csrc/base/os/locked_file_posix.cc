// LockedFile on POSIX systems; see locked_file.h. L0.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/os/clock.h"
#include "base/os/file_lock.h"
#include "base/os/locked_file.h"
#include "base/os/process.h"

namespace tickertape {
namespace {

// Opened to read and write, without following a link and without waiting for a pipe's other end.
LockedDescriptor open_and_lock(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) throw IoError(errno, path, "cannot open op ring");
  LockedDescriptor file(descriptor, /*waits=*/false);
  int error = 0;
  if (!file.status().is_regular()) {
    error = EINVAL;
  } else if (file.status().owner != user_id()) {
    error = EPERM;
  } else {
    error = file.error();
  }
  if (error != 0) throw IoError(error, path, "cannot lock op ring");
  return file;
}

}  // namespace

LockedFile::LockedFile(const std::string& path) : file_(open_and_lock(path)), path_(path) {}

std::uint64_t LockedFile::size() const { return file_.status().size; }

std::uint64_t LockedFile::allocated_bytes() const { return file_.status().allocated_bytes; }

double LockedFile::age_seconds() const {
  FileStatus status;
  if (const int error = descriptor_status(file_.number(), status); error != 0)
    throw IoError(error, path_, "cannot stat op ring");
  return wall_time_now() - static_cast<double>(status.modified_ns) * 1e-9;
}

std::size_t LockedFile::read_at(std::uint64_t offset, std::uint8_t* to, std::size_t size) const {
  const int descriptor = file_.number();
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(descriptor, to + done, size - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError(errno, path_, "cannot read op ring");
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void LockedFile::write_at(std::uint64_t offset, Bytes bytes) const {
  const int descriptor = file_.number();
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        pwrite(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
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

}  // namespace tickertape
