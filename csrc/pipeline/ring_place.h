// Where a process puts its op ring. L4.
#pragma once

#include <cstddef>
#include <string>

#include "base/os_mapping.h"
#include "pipeline/notices.h"

namespace tickertape {

// The directory for rings of this user: $TICKERTAPE_RING_DIR, else /dev/shm/tickertape-<uid>. Shared memory,
// because a ring there costs no disk traffic and works whatever file system the log directory is on; the
// price is that it does not outlive the machine or container. "" where it cannot be made or is not ours.
std::string ring_directory();

// A fresh mapping of `size` bytes with room for at least the start of a ring, in the best place that is to be
// had: ring_directory(), else the log directory, else memory of this process alone; the last two are noted.
SharedMapping place_ring(std::size_t size, const std::string& log_dir, Notices& notices);

}  // namespace tickertape
