// Where a process puts its op ring. L4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/os/mapping.h"
#include "queue/notices.h"

namespace tickertape {

// The directory for rings of this user: $TICKERTAPE_RING_DIR, else /dev/shm/tickertape-<uid>. Shared memory,
// because a ring there costs no disk traffic and works whatever file system the log directory is on; the
// price is that it does not outlive the machine or container. "" where it cannot be made or is not ours.
std::string ring_directory();

// The paths of all files in `directory` that are called like a ring.
std::vector<std::string> rings_in(const std::string& directory);

// The paths of the directories right in `directory`; links are none.
std::vector<std::string> directories_in(const std::string& directory);

// True for the rings of this process, by their names. They must not be opened a second time: closing a file
// drops all locks that a process has on it.
bool is_own_ring(const std::string& path);

// The process that made a ring, as the ring's name has it; 0 where the name is another.
struct RingOwner {
  std::uint32_t process_id = 0;
  std::uint64_t process_start = 0;  // process_start_ticks()
};
RingOwner ring_owner(const std::string& path);

// True where that process runs, or has ended and is not yet waited for.
bool is_alive(const RingOwner& owner);

// A fresh mapping of `size` bytes with room for at least the start of a ring, in the best place that is to be
// had: ring_directory(), else the log directory, else memory of this process alone; the last two are noted.
SharedMapping place_ring(std::size_t size, const std::string& log_dir, Notices& notices);

}  // namespace tickertape
