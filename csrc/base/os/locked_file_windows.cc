// LockedFile on Windows; see locked_file.h. L0.
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/os/clock.h"
#include "base/os/locked_file.h"
#include "base/os/windows_calls.h"

namespace tickertape {
namespace {

LockedDescriptor open_and_lock(const std::string& path) {
  const int descriptor =
      windows::open_file(path, GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT);
  if (descriptor < 0) throw IoError(-descriptor, path, "cannot open op ring");
  LockedDescriptor file(descriptor, /*waits=*/false);
  const bool is_link = file.status().kind == FileStatus::Kind::kLink;
  const int error = is_link ? ELOOP : file.status().is_regular() ? file.error() : EINVAL;
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
  return windows::read_at(file_.number(), offset, to, size, path_, "cannot read op ring");
}

void LockedFile::write_at(std::uint64_t offset, Bytes bytes) const {
  const int descriptor = file_.number();
  while (!bytes.empty()) {
    const std::int64_t written = windows::write_some(descriptor, offset, bytes);
    if (written < 0) throw IoError(static_cast<int>(-written), path_, "cannot write op ring");
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void LockedFile::unlink() {
  if (DeleteFileW(windows::wide(path_).c_str())) return;
  const int error = windows::error_number();
  if (error != ENOENT) throw IoError(error, path_, "cannot remove op ring");
}

void LockedFile::rename(const std::string& path) {
  if (!MoveFileExW(windows::wide(path_).c_str(), windows::wide(path).c_str(), MOVEFILE_REPLACE_EXISTING))
    throw IoError(windows::error_number(), path_, "cannot rename op ring");
  path_ = path;
}

}  // namespace tickertape
