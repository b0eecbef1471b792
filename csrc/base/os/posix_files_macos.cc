// The macOS side of posix_files.h. Compiled and linked in CI; never run. L0.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/os/posix_files.h"

namespace tickertape::posix {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

int change_lock(int descriptor, int operation) {
  int result;
  do {
    result = flock(descriptor, operation);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

}  // namespace

const char* shared_memory_directory() noexcept { return nullptr; }

std::int64_t modified_ns(const struct stat& status) { return nanoseconds(status.st_mtimespec); }

std::int64_t birth_ns(int descriptor) noexcept {
  struct stat status;
  return fstat(descriptor, &status) == 0 ? nanoseconds(status.st_birthtimespec) : 0;
}

int known_status(int descriptor, FileStatus& found) noexcept { return descriptor_status(descriptor, found); }

// fsync() of macOS leaves the data in the cache of the disk (fsync(2)). A file system without F_FULLFSYNC has
// fsync() only.
int sync_to_disk(int descriptor) {
  if (fcntl(descriptor, F_FULLFSYNC) == 0) return 0;
  return errno == EINTR ? -1 : fsync(descriptor);
}

// Unlike Linux's lock, this one ends with the last descriptor, also if a mapping is left: if the program
// closes descriptors that are not its own, another process may take the ring for an orphaned one.
int lock_open_file(int descriptor, bool waits) {
  return change_lock(descriptor, waits ? LOCK_EX : LOCK_EX | LOCK_NB);
}
int unlock_open_file(int descriptor) { return change_lock(descriptor, LOCK_UN); }

// A hole of the whole size: a mapping beyond the end of a file is not sure to grow with it.
int prepare_to_map(int descriptor, std::size_t size) {
  return ftruncate(descriptor, static_cast<off_t>(size)) == 0 ? 0 : errno;
}

// Zeros, because F_PREALLOCATE only makes room behind the end of a file.
bool allocate_range(int descriptor, std::size_t offset, std::size_t size) {
  static constexpr std::array<char, std::size_t{64} << 10> kZeros{};
  for (std::size_t done = 0; done < size;) {
    const std::size_t piece = std::min(size - done, kZeros.size());
    const ssize_t written = pwrite(descriptor, kZeros.data(), piece, static_cast<off_t>(offset + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

// Only whole blocks of the file system can be given back; a refusal costs disk space only.
void release_range(int descriptor, std::size_t offset, std::size_t size) {
  fpunchhole_t hole{};
  hole.fp_offset = static_cast<off_t>(offset);
  hole.fp_length = static_cast<off_t>(size);
  static_cast<void>(fcntl(descriptor, F_PUNCHHOLE, &hole));
}

}  // namespace tickertape::posix
