// File on Windows; see file.h. Others may read, append to, rename and delete an open file, as on POSIX
// systems. L0.
#include <cerrno>
#include <filesystem>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/os/file.h"
#include "base/os/file_status.h"
#include "base/os/standard_paths.h"
#include "base/os/windows_calls.h"

namespace tickertape {
namespace {

int opened(const std::string& path, DWORD access, DWORD disposition, DWORD flags, const char* doing) {
  const int descriptor = windows::open_file(path, access, disposition, flags);
  if (descriptor < 0) throw IoError(-descriptor, path, doing);
  return descriptor;
}

FileStatus checked_status(int descriptor, const std::string& path) {
  FileStatus status;
  if (const int error = descriptor_status(descriptor, status); error != 0)
    throw IoError(error, path, "cannot stat");
  return status;
}

}  // namespace

File::File(int descriptor, std::string path)
    : descriptor_(descriptor), identity_(identity_of(descriptor)), path_(std::move(path)) {}

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      identity_(other.identity_),
      path_(std::move(other.path_)) {}

File::Identity File::identity_of(int descriptor) noexcept {
  FileStatus known;
  if (descriptor < 0 || descriptor_status(descriptor, known) != 0) return {};
  return {known.device, known.inode};
}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    identity_ = other.identity_;
    path_ = std::move(other.path_);
  }
  return *this;
}

File::~File() { close(); }

File File::create(const std::string& path) {
  return {opened(path, GENERIC_READ | GENERIC_WRITE, CREATE_NEW, 0, "cannot create event file"), path};
}

File File::open_to_read(const std::string& path) {
  FileStatus status;
  if (path_status(path, status) == 0 && status.is_directory())
    throw IoError(EISDIR, path, "path: expected a regular file, got a directory");
  File file(opened(path, GENERIC_READ, OPEN_EXISTING, 0, "cannot open"), path);
  if (GetFileType(windows::handle_of(file.descriptor_)) != FILE_TYPE_DISK)
    throw IoError(EINVAL, path, "path: expected a regular file, got a device");
  return file;
}

File File::open_found(const std::string& path, Version& version) {
  File file = open_to_read(path);
  version = file.version();
  return file;
}

File File::open_to_append(const std::string& path) {
  return {opened(path, GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING, 0, "cannot open to append"), path};
}

File File::reopened() const {
  File again{opened(path_, GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT,
                    "cannot open again"),
             path_};
  if (again.identity_ != identity_) throw IoError(EIO, path_, "another file is there");
  return again;
}

std::int64_t File::append_some(Bytes bytes) {
  return windows::write_some(descriptor_, windows::kAtEnd, bytes);
}

std::size_t File::read_at(std::uint64_t offset, std::uint8_t* to, std::size_t size) const {
  return windows::read_at(descriptor_, offset, to, size, path_, "cannot read");
}

std::uint64_t File::size() const { return checked_status(descriptor_, path_).size; }

File::Version File::version() const {
  const FileStatus status = checked_status(descriptor_, path_);
  return {status.device, status.inode, status.size, status.modified_ns};
}

bool File::known_state(State& state) const noexcept {
  FileStatus known;
  if (const int error = descriptor_status(descriptor_, known); error != 0) {
    state = {0, 0, false};
    return error == EBADF;
  }
  state = {known.size, known.links, Identity{known.device, known.inode} == identity_};
  return true;
}

FileLocation File::location() const noexcept {
  FileLocation location = location_of_missing_file(path_);
  FileStatus status;
  if (descriptor_status(descriptor_, status) != 0) return location;
  // No time of creation: the number of a file on NTFS has a count of its uses in it, and a new file may
  // inherit the time of a deleted one of the same name.
  location.inode = status.inode;
  return location;
}

FileLocation location_of_missing_file(const std::string& path) noexcept {
  FileLocation location;
  const std::size_t slash = path.find_last_of("/\\");
  if (slash == std::string::npos) return location;
  try {
    const std::string directory = path.substr(0, slash == 0 ? 1 : slash);
    location.path = path;
    FileStatus status;
    if (path_status(directory, status) != 0) return location;
    location.directory_inode = status.inode;
    location.path = canonical_path(directory) + "/" + path.substr(slash + 1);
  } catch (const std::bad_alloc&) {
    location.path.clear();
  } catch (const IoError&) {  // NOLINT(bugprone-empty-catch)
    // It keeps the path that was given.
  }
  return location;
}

void File::sync() {
  if (!is_ours()) return reopened().sync();
  if (!FlushFileBuffers(windows::handle_of(descriptor_)))
    throw IoError(windows::error_number(), path_, "cannot sync");
}

void File::truncate(std::uint64_t size) {
  if (const int error = windows::set_size(descriptor_, size); error != 0)
    throw IoError(error, path_, "cannot truncate");
}

void File::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (descriptor >= 0 && identity_of(descriptor) == identity_) CloseHandle(windows::handle_of(descriptor));
}

void make_directories(const std::string& path) {
  const std::filesystem::path native(windows::wide(path));
  std::error_code error;
  std::filesystem::create_directories(native, error);
  if (!std::filesystem::is_directory(native))
    throw IoError(error ? windows::error_number(static_cast<DWORD>(error.value())) : ENOTDIR, path,
                  "cannot make log directory");
}

}  // namespace tickertape
