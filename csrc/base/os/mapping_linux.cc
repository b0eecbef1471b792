// SharedMapping on POSIX systems; allocate() and release() on Linux. See mapping.h. L0.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/os/mapping.h"

namespace tickertape {
namespace {

// Takes a POSIX record lock. A forked child does not inherit it, so it ends with the process that owns the
// ring; a flock() lock would stay held by every child. The call may wait for a process that tests whether
// this is an orphaned ring; that process releases the lock at once.
bool lock_whole_file(int descriptor) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  int result;
  do {
    result = fcntl(descriptor, F_SETLKW, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

[[noreturn]] void fail(int descriptor, const std::string& path, const char* doing) {
  const int error = errno;
  close(descriptor);
  throw IoError(error == EAGAIN || error == EACCES ? EWOULDBLOCK : error, path, doing);
}

std::uint8_t* map(int descriptor, std::size_t size, int flags) {
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, descriptor, 0);
  if (address == MAP_FAILED) return nullptr;
  // A forked child has its own ring. It must neither keep this one mapped nor write to it.
  madvise(address, size, MADV_DONTFORK);
  return static_cast<std::uint8_t*>(address);
}

}  // namespace

SharedMapping::SharedMapping(SharedMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)) {}

SharedMapping& SharedMapping::operator=(SharedMapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

SharedMapping::~SharedMapping() {
  if (data_ != nullptr) munmap(data_, size_);
  if (descriptor_ >= 0) close(descriptor_);
}

SharedMapping SharedMapping::create(const std::string& path, std::size_t size) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) throw IoError(errno, path, "cannot create op ring");
  SharedMapping mapping;
  if (lock_whole_file(descriptor)) mapping.data_ = map(descriptor, size, MAP_SHARED);
  if (mapping.data_ == nullptr) {
    ::unlink(path.c_str());
    fail(descriptor, path, "cannot lock or map op ring");
  }
  mapping.size_ = size;
  mapping.descriptor_ = descriptor;
  mapping.path_ = path;
  return mapping;
}

SharedMapping SharedMapping::anonymous(std::size_t size) {
  SharedMapping mapping;
  mapping.data_ = map(-1, size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  if (mapping.data_ == nullptr) throw IoError(errno, "anonymous memory", "cannot map op ring");
  mapping.size_ = size;
  return mapping;
}

bool SharedMapping::allocate(std::size_t offset, std::size_t size) {
  if (!is_file()) return offset + size <= size_;
#if defined(__linux__)
  int result;
  do {
    result = fallocate(descriptor_, 0, static_cast<off_t>(offset), static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  // File systems without fallocate() fail with EOPNOTSUPP. They cannot guarantee room, so a ring there could
  // raise SIGBUS.
  return result == 0;
#else
  return false;
#endif
}

void SharedMapping::release(std::size_t offset, std::size_t size) {
#if defined(__linux__)
  if (is_file()) {
    fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
              static_cast<off_t>(size));
  } else {
    madvise(data_ + offset, size, MADV_DONTNEED);
  }
#endif
}

void SharedMapping::unlink() {
  if (is_file()) ::unlink(path_.c_str());
}

}  // namespace tickertape
