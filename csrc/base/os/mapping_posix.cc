// SharedMapping on POSIX systems; see mapping.h. L0.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/os/file_status.h"
#include "base/os/mapping.h"
#include "base/os/posix_files.h"
#include "base/os/posix_memory.h"

namespace tickertape {

namespace {

std::uint8_t* map(int descriptor, std::size_t size, int flags) {
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, descriptor, 0);
  if (address == MAP_FAILED) return nullptr;
  // A forked child makes its own ring; it must not keep this one alive or write to it.
  posix::keep_from_children(address, size);
  return static_cast<std::uint8_t*>(address);
}

}  // namespace

SharedMapping::SharedMapping(SharedMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      guard_(std::exchange(other.guard_, nullptr)),
      file_(std::move(other.file_)),
      path_(std::move(other.path_)) {}

SharedMapping& SharedMapping::operator=(SharedMapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(guard_, other.guard_);
  std::swap(file_, other.file_);
  std::swap(path_, other.path_);
  return *this;
}

SharedMapping::~SharedMapping() {
  if (guard_ != nullptr) guard_->release();
  if (data_ != nullptr) munmap(data_, size_);
}

SharedMapping SharedMapping::create(const std::string& path, std::size_t size) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) throw IoError(errno, path, "cannot create op ring");
  SharedMapping mapping;
  // A process that recovers what others left may hold the lock for a moment, to see whether this is such a
  // file.
  mapping.file_ = LockedDescriptor(descriptor, /*waits=*/true);
  int error = mapping.file_.error();
  const bool is_removed = error == 0 && mapping.file_.status().links == 0;
  if (is_removed) error = EAGAIN;
  if (error == 0) error = posix::prepare_to_map(descriptor, size);
  if (error == 0) mapping.data_ = map(descriptor, size, MAP_SHARED);
  if (error == 0 && mapping.data_ == nullptr) error = errno;
  if (error != 0) {
    if (!is_removed) ::unlink(path.c_str());
    throw IoError(error, path, "cannot lock or map op ring");
  }
  mapping.size_ = size;
  mapping.path_ = path;
  mapping.guard_ = MappingGuard::watch(mapping.data_, size);
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
  const int descriptor = file_.number_or_reopened(path_);
  return descriptor >= 0 && posix::allocate_range(descriptor, offset, size);
}

void SharedMapping::release(std::size_t offset, std::size_t size) {
  if (!is_file()) {
    madvise(data_ + offset, size, MADV_DONTNEED);
    return;
  }
  const int descriptor = file_.number_or_reopened(path_);
  if (descriptor >= 0) posix::release_range(descriptor, offset, size);
}

bool SharedMapping::is_in_place() const noexcept {
  if (!is_file()) return true;
  FileStatus found;
  if (const int error = link_status(path_, found); error != 0) return error != ENOENT && error != ENOTDIR;
  return found.is_same_file(file_.status());
}

bool SharedMapping::replace_file(SharedMapping& fresh) noexcept {
  if (fresh.is_cut()) return false;
  const auto replace = [&] {
    return posix::move_mapping(fresh.data_, data_, size_, fresh.file_.number_or_reopened(fresh.path_));
  };
  if (guard_ == nullptr || fresh.guard_ == nullptr || !guard_->renew(replace)) return false;
  std::exchange(fresh.guard_, nullptr)->release();
  fresh.data_ = nullptr;
  std::swap(file_, fresh.file_);
  std::swap(path_, fresh.path_);
  return true;
}

bool SharedMapping::is_shorter_than(std::size_t needed) noexcept {
  FileStatus found;
  return guard_ != nullptr && file_.examine(found) && found.size < needed;
}

bool SharedMapping::find_cut(std::size_t needed) noexcept {
  if (guard_ == nullptr) return false;
  FileStatus found;
  // A descriptor that the program closed tells nothing; then the next touch of what is missing does.
  if (!file_.examine(found) || found.size >= needed) return false;
  return guard_->cut(static_cast<std::size_t>(found.size));
}

void SharedMapping::empty_file() noexcept {
  if (!is_file() || data_ != nullptr) return;
  if (const int descriptor = file_.number(); descriptor >= 0) {
    [[maybe_unused]] const int ignored = ftruncate(descriptor, 0);  // the file may be on a dead file system
  }
}

void SharedMapping::unlink() {
  if (is_file()) ::unlink(path_.c_str());
}

}  // namespace tickertape
