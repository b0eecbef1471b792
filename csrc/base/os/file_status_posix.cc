// FileStatus on POSIX systems; see file_status.h. L0.
#include <sys/stat.h>

#include <cerrno>

#include "base/os/file_status.h"
#include "base/os/posix_files.h"

namespace tickertape {
namespace {

FileStatus::Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileStatus::Kind::kRegular;
  if (S_ISDIR(mode)) return FileStatus::Kind::kDirectory;
  if (S_ISLNK(mode)) return FileStatus::Kind::kLink;
  if (S_ISFIFO(mode)) return FileStatus::Kind::kFifo;
  if (S_ISSOCK(mode)) return FileStatus::Kind::kSocket;
  return FileStatus::Kind::kDevice;
}

int answer(int result, const struct stat& status, FileStatus& found) {
  if (result != 0) return errno;
  found.device = static_cast<std::uint64_t>(status.st_dev);
  found.inode = status.st_ino;
  found.kind = kind_of(status.st_mode);
  found.size = static_cast<std::uint64_t>(status.st_size);
  found.links = status.st_nlink;
  found.allocated_bytes =
      static_cast<std::uint64_t>(status.st_blocks) * 512;  // stat(2): whatever the block size
  found.modified_ns = posix::modified_ns(status);
  found.owner = status.st_uid;
  found.is_writable_by_others = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  return 0;
}

}  // namespace

int descriptor_status(int descriptor, FileStatus& found) noexcept {
  struct stat status;
  return answer(fstat(descriptor, &status), status, found);
}

int path_status(const std::string& path, FileStatus& found) noexcept {
  struct stat status;
  return answer(stat(path.c_str(), &status), status, found);
}

int link_status(const std::string& path, FileStatus& found) noexcept {
  struct stat status;
  return answer(lstat(path.c_str(), &status), status, found);
}

}  // namespace tickertape
