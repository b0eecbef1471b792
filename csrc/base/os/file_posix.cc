// File on POSIX systems; see file.h. L0.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/os/file.h"
#include "base/os/file_status.h"
#include "base/os/posix_files.h"

namespace tickertape {
namespace {

// write() takes at most 2,147,479,552 bytes on Linux (write(2)).
constexpr std::size_t kMaxAtOnce = std::size_t{1} << 30;

// O_NONBLOCK keeps open() from waiting for the writer of a FIFO.
constexpr int kToRead = O_RDONLY | O_NONBLOCK | O_NOCTTY;

int open_retrying(const std::string& path, int flags, const char* doing) {
  for (;;) {
    const int descriptor = open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (descriptor >= 0) return descriptor;
    if (errno != EINTR) throw IoError(errno, path, doing);
  }
}

const char* name_of(FileStatus::Kind kind) {
  switch (kind) {
    case FileStatus::Kind::kFifo:
      return "a FIFO";
    case FileStatus::Kind::kSocket:
      return "a socket";
    case FileStatus::Kind::kDirectory:
      return "a directory";
    default:
      return "a device";
  }
}

void expect_regular(const FileStatus& status, const std::string& path) {
  if (status.is_regular()) return;
  throw IoError(status.is_directory() ? EISDIR : EINVAL, path,
                std::string("path: expected a regular file, got ") + name_of(status.kind));
}

FileStatus checked_status(int descriptor, const std::string& path) {
  FileStatus status;
  if (const int error = descriptor_status(descriptor, status); error != 0)
    throw IoError(error, path, "cannot stat");
  return status;
}

File::Version version_of(const FileStatus& status) {
  return {status.device, status.inode, status.size, status.modified_ns};
}

}  // namespace

File::File(int descriptor, Identity identity, std::string path)
    : descriptor_(descriptor), identity_(identity), path_(std::move(path)) {}

File::File(int descriptor, std::string path) : File(descriptor, identity_of(descriptor), std::move(path)) {}

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
  return {open_retrying(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, "cannot create event file"), path};
}

// `descriptor` is open to read `path`, which may be another file than was looked at by name.
File File::regular(int descriptor, const std::string& path, Version& version) {
  File file(descriptor, {}, path);
  const FileStatus status = checked_status(descriptor, path);
  file.identity_ = {status.device, status.inode};
  expect_regular(status, path);
  version = version_of(status);
  return file;
}

File File::open_to_read(const std::string& path) {
  // Opening a device can have effects (a tape rewinds), so the name is checked first.
  FileStatus status;
  if (path_status(path, status) == 0) expect_regular(status, path);
  Version version;
  return regular(open_retrying(path, kToRead, "cannot open"), path, version);
}

File File::open_found(const std::string& path, Version& version) {
  // A link may lead to something else by now, so it is looked at again.
  const int descriptor = open(path.c_str(), kToRead | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor >= 0) return regular(descriptor, path, version);
  File file = open_to_read(path);
  version = file.version();
  return file;
}

File File::open_to_append(const std::string& path) {
  return {open_retrying(path, O_RDWR | O_APPEND, "cannot open to append"), path};
}

File File::reopened() const {
  // Without waiting: the name may belong to a pipe by now.
  File again{open_retrying(path_, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK, "cannot open again"), path_};
  if (again.identity_ != identity_) throw IoError(ESTALE, path_, "another file is there");
  if (again.descriptor_ == descriptor_) {
    // Another number, or this object would close it together with its own.
    const int other = fcntl(again.descriptor_, F_DUPFD_CLOEXEC, again.descriptor_ + 1);
    if (other < 0) throw IoError(errno, path_, "cannot open again");
    ::close(std::exchange(again.descriptor_, other));
  }
  return again;
}

std::int64_t File::append_some(Bytes bytes) {
  for (;;) {
    const ssize_t written =
        write(descriptor_, bytes.data(), bytes.size() < kMaxAtOnce ? bytes.size() : kMaxAtOnce);
    if (written > 0 || bytes.empty()) return written;
    if (written == 0) return -ENOSPC;  // not seen on Linux; without this the caller could retry forever
    if (errno != EINTR) return -errno;
  }
}

std::size_t File::read_at(std::uint64_t offset, std::uint8_t* to, std::size_t size) const {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(descriptor_, to + done, size - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError(errno, path_, "cannot read");
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::uint64_t File::size() const { return checked_status(descriptor_, path_).size; }

File::Version File::version() const { return version_of(checked_status(descriptor_, path_)); }

bool File::known_state(State& state) const noexcept {
  FileStatus known;
  if (const int error = posix::known_status(descriptor_, known); error != 0) {
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
  location.inode = status.inode;
  location.birth_ns = posix::birth_ns(descriptor_);
  return location;
}

FileLocation location_of_missing_file(const std::string& path) noexcept {
  FileLocation location;
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return location;
  try {
    location.path = path;
    const std::string directory = slash == 0 ? "/" : path.substr(0, slash);
    const std::unique_ptr<char, void (*)(void*)> real(realpath(directory.c_str(), nullptr), &std::free);
    FileStatus status;
    if (real == nullptr || path_status(real.get(), status) != 0) return location;
    location.directory_inode = status.inode;
    location.path = (slash == 0 ? std::string() : std::string(real.get())) + path.substr(slash);
  } catch (const std::bad_alloc&) {
    location.path.clear();
  }
  return location;
}

void File::sync() {
  if (!is_ours()) return reopened().sync();
  while (posix::sync_to_disk(descriptor_) != 0) {
    if (errno != EINTR) throw IoError(errno, path_, "cannot sync");
  }
}

void File::truncate(std::uint64_t size) {
  while (ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
    if (errno != EINTR) throw IoError(errno, path_, "cannot truncate");
  }
}

void File::close() {
  // An error of close() is ignored: what matters was written or synced before.
  const int descriptor = std::exchange(descriptor_, -1);
  if (descriptor >= 0 && identity_of(descriptor) == identity_) ::close(descriptor);
}

void make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  // If a file is in the way, libstdc++ says ENOTDIR and libc++ EEXIST.
  if (error) {
    throw IoError(error.value() == EEXIST ? ENOTDIR : error.value(), path, "cannot make log directory");
  }
  if (!std::filesystem::is_directory(path, error)) {
    throw IoError(error ? error.value() : ENOTDIR, path, "not a directory: log directory");
  }
}

}  // namespace tickertape
