// The Linux side of mapping.h. L0.
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

std::uint8_t* map(int descriptor, std::size_t size, int flags) {
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, descriptor, 0);
  if (address == MAP_FAILED) return nullptr;
  // A forked child makes its own ring; it must not keep this one alive or write to it.
  madvise(address, size, MADV_DONTFORK);
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
  const bool is_removed = error == 0 && mapping.file_.status().st_nlink == 0;
  if (is_removed) error = EAGAIN;
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
  if (descriptor < 0) return false;
  int result;
  do {
    result = fallocate(descriptor, 0, static_cast<off_t>(offset), static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  // File systems without fallocate() (EOPNOTSUPP) have no way to promise room; a ring there would risk
  // SIGBUS.
  return result == 0;
}

void SharedMapping::release(std::size_t offset, std::size_t size) {
  if (!is_file()) {
    madvise(data_ + offset, size, MADV_DONTNEED);
    return;
  }
  const int descriptor = file_.number_or_reopened(path_);
  if (descriptor < 0) return;
  fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
            static_cast<off_t>(size));
}

bool SharedMapping::is_in_place() const noexcept {
  if (!is_file()) return true;
  struct stat found;
  if (lstat(path_.c_str(), &found) != 0) return errno != ENOENT && errno != ENOTDIR;
  return found.st_dev == file_.status().st_dev && found.st_ino == file_.status().st_ino;
}

bool SharedMapping::replace_file(SharedMapping& fresh) noexcept {
  if (fresh.is_cut()) return false;
  // Moves the pages of `fresh` (with their MADV_DONTFORK) here and unmaps the old ones: one step, as other
  // threads see it.
  const auto replace = [&] {
    return mremap(fresh.data_, size_, size_, MREMAP_MAYMOVE | MREMAP_FIXED, data_) != MAP_FAILED;
  };
  if (guard_ == nullptr || fresh.guard_ == nullptr || !guard_->renew(replace)) return false;
  std::exchange(fresh.guard_, nullptr)->release();
  fresh.data_ = nullptr;
  std::swap(file_, fresh.file_);
  std::swap(path_, fresh.path_);
  return true;
}

bool SharedMapping::find_cut(std::size_t needed) noexcept {
  if (guard_ == nullptr) return false;
  struct stat found;
  // A descriptor that the program closed tells nothing; then the next touch of what is missing does.
  if (!file_.examine(found) || static_cast<std::uint64_t>(found.st_size) >= needed) return false;
  return guard_->cut(static_cast<std::size_t>(found.st_size));
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
