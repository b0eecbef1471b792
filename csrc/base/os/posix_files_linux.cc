// The Linux side of posix_files.h. L0.
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "base/os/posix_files.h"

namespace tickertape::posix {
namespace {

int change_lock(int descriptor, short type, bool waits) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  int result;
  do {
    result = fcntl(descriptor, waits ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return 0;
  return errno == EACCES || errno == EAGAIN ? EWOULDBLOCK : errno;
}

#if defined(STATX_BTIME)
// What the kernel knows without asking a server.
bool known_statx(int descriptor, unsigned wanted, struct statx& known) {
  constexpr int kFlags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
#if defined(__GLIBC__)
  return statx(descriptor, "", kFlags, wanted, &known) == 0;
#else  // musl has the function only since 1.2.5
  return syscall(SYS_statx, descriptor, "", kFlags, wanted, &known) == 0;
#endif
}
#endif

}  // namespace

const char* shared_memory_directory() noexcept { return "/dev/shm"; }

std::int64_t modified_ns(const struct stat& status) {
  return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
}

std::int64_t birth_ns([[maybe_unused]] int descriptor) noexcept {
#if defined(STATX_BTIME)
  struct statx known;
  if (known_statx(descriptor, STATX_BTIME, known) && (known.stx_mask & STATX_BTIME) != 0) {
    return known.stx_btime.tv_sec * 1'000'000'000 + known.stx_btime.tv_nsec;
  }
#endif
  return 0;
}

int known_status(int descriptor, FileStatus& found) noexcept {
#if defined(STATX_BTIME)
  struct statx known;
  constexpr unsigned kWanted = STATX_SIZE | STATX_NLINK | STATX_INO;
  if (!known_statx(descriptor, kWanted, known)) return errno;
  if ((known.stx_mask & kWanted) != kWanted) return ENOTSUP;
  found.device = makedev(known.stx_dev_major, known.stx_dev_minor);
  found.inode = known.stx_ino;
  found.size = known.stx_size;
  found.links = known.stx_nlink;
  return 0;
#else
  return descriptor_status(descriptor, found);
#endif
}

int sync_to_disk(int descriptor) { return fsync(descriptor); }

// fcntl(2), "Open file description locks".
int lock_open_file(int descriptor, bool waits) { return change_lock(descriptor, F_WRLCK, waits); }
int unlock_open_file(int descriptor) { return change_lock(descriptor, F_UNLCK, /*waits=*/false); }

int prepare_to_map(int /*descriptor*/, std::size_t /*size*/) {
  return 0;
}  // the file grows by allocate_range()

bool allocate_range(int descriptor, std::size_t offset, std::size_t size) {
  int result;
  do {
    result = fallocate(descriptor, 0, static_cast<off_t>(offset), static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  // File systems without fallocate() (EOPNOTSUPP) have no way to promise room; a ring there would risk
  // SIGBUS.
  return result == 0;
}

void release_range(int descriptor, std::size_t offset, std::size_t size) {
  fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
            static_cast<off_t>(size));
}

}  // namespace tickertape::posix
