// File on POSIX systems; see file.h. L0.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/os/file.h"

namespace tickertape {
namespace {

// write() takes at most 2,147,479,552 bytes on Linux (write(2)).
constexpr std::size_t kMaxAtOnce = std::size_t{1} << 30;

int open_retrying(const std::string& path, int flags, const char* doing) {
  for (;;) {
    const int descriptor = open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (descriptor >= 0) return descriptor;
    if (errno != EINTR) throw IoError(errno, path, doing);
  }
}

const char* kind_of(mode_t mode) {
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISDIR(mode)) return "a directory";
  return "a device";
}

void expect_regular(const struct stat& status, const std::string& path) {
  if (S_ISREG(status.st_mode)) return;
  throw IoError(S_ISDIR(status.st_mode) ? EISDIR : EINVAL, path,
                std::string("path: expected a regular file, got ") + kind_of(status.st_mode));
}

}  // namespace

File::File(int descriptor, std::string path)
    : descriptor_(descriptor), identity_(identity_of(descriptor)), path_(std::move(path)) {}

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      identity_(other.identity_),
      path_(std::move(other.path_)) {}

File::Identity File::identity_of(int descriptor) noexcept {
  struct stat known;
  if (descriptor < 0 || fstat(descriptor, &known) != 0) return {};
  return {known.st_dev, known.st_ino};
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

File File::open_to_read(const std::string& path) {
  // Opening a device can have effects (a tape rewinds), so the name is checked first. It may refer to another
  // file by the time of open(), so the open file is checked too; O_NONBLOCK keeps open() from waiting for the
  // writer of a FIFO.
  struct stat status;
  if (stat(path.c_str(), &status) == 0) expect_regular(status, path);
  File file(open_retrying(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, "cannot open"), path);
  // open_retrying() has thrown if there is no descriptor.
  // NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions)
  if (fstat(file.descriptor_, &status) != 0) throw IoError(errno, path, "cannot stat");
  expect_regular(status, path);
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

std::uint64_t File::size() const {
  struct stat status;
  if (fstat(descriptor_, &status) != 0) throw IoError(errno, path_, "cannot stat");
  return static_cast<std::uint64_t>(status.st_size);
}

File::Version File::version() const {
  struct stat status;
  if (fstat(descriptor_, &status) != 0) throw IoError(errno, path_, "cannot stat");
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

bool File::known_state(State& state) const noexcept {
#if defined(STATX_NLINK)
  struct statx known;
  constexpr unsigned kWanted = STATX_SIZE | STATX_NLINK | STATX_INO;
  if (statx(descriptor_, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, kWanted, &known) != 0) {
    state = {0, 0, false};
    return errno == EBADF;
  }
  if ((known.stx_mask & kWanted) != kWanted) return false;
  const Identity found{makedev(known.stx_dev_major, known.stx_dev_minor), known.stx_ino};
  state = {known.stx_size, known.stx_nlink, found == identity_};
#else
  struct stat known;
  if (fstat(descriptor_, &known) != 0) {
    state = {0, 0, false};
    return errno == EBADF;
  }
  state = {static_cast<std::uint64_t>(known.st_size), static_cast<std::uint64_t>(known.st_nlink),
           Identity{known.st_dev, known.st_ino} == identity_};
#endif
  return true;
}

FileLocation File::location() const noexcept {
  FileLocation location = location_of_missing_file(path_);
  struct stat status;
  if (fstat(descriptor_, &status) != 0) return location;
  location.inode = status.st_ino;
#if defined(STATX_BTIME)
  struct statx known;
  if (statx(descriptor_, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BTIME, &known) == 0 &&
      (known.stx_mask & STATX_BTIME) != 0) {
    location.birth_ns = known.stx_btime.tv_sec * 1'000'000'000 + known.stx_btime.tv_nsec;
  }
#endif
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
    struct stat status;
    if (real == nullptr || stat(real.get(), &status) != 0) return location;
    location.directory_inode = status.st_ino;
    location.path = (slash == 0 ? std::string() : std::string(real.get())) + path.substr(slash);
  } catch (const std::bad_alloc&) {
    location.path.clear();
  }
  return location;
}

void File::sync() {
  if (!is_ours()) return reopened().sync();
  while (fsync(descriptor_) != 0) {
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
  if (error) throw IoError(error.value(), path, "cannot make log directory");
  if (!std::filesystem::is_directory(path, error)) {
    throw IoError(error ? error.value() : ENOTDIR, path, "not a directory: log directory");
  }
}

}  // namespace tickertape
