// What Linux and macOS do differently with files; each has a posix_files_*.cc. L0, private to the *_posix.cc
// files of base/os/.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>

#include "base/os/file_status.h"

namespace tickertape::posix {

// A directory in memory that every user can use; nullptr if the system has none.
const char* shared_memory_directory() noexcept;

std::int64_t modified_ns(const struct stat& status);

// When the file was created; 0 if the file system does not say.
std::int64_t birth_ns(int descriptor) noexcept;

// Device, inode, size and links as this machine knows them, without asking a server. 0 or an errno; ENOTSUP
// if this is not known.
int known_status(int descriptor, FileStatus& found) noexcept;

// Writes the file to its disk. Returns what fsync() does.
int sync_to_disk(int descriptor);

// Locks the open file, or ends its lock. The lock belongs to the open file, not to the process. 0 or an
// errno; EWOULDBLOCK if somebody else holds the lock.
int lock_open_file(int descriptor, bool waits);
int unlock_open_file(int descriptor);

// Makes a new, empty file fit for a mapping of `size` bytes. 0 or an errno.
int prepare_to_map(int descriptor, std::size_t size);
// Gives real memory or disk space to a range of the file that has none yet. Returns false if there is no
// room.
bool allocate_range(int descriptor, std::size_t offset, std::size_t size);
// Gives that of a range back, if the system can.
void release_range(int descriptor, std::size_t offset, std::size_t size);

}  // namespace tickertape::posix
