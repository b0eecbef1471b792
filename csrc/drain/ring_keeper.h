// Keeps the ring where another process can find it: makes it, and moves it if somebody deletes its file. L4;
// the backend and the drainer use it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/os/mapping.h"
#include "drain/channel_registry.h"
#include "queue/notices.h"
#include "queue/op_ring.h"
#include "queue/ring_location.h"

namespace tickertape {

// A mapping for a ring of settings::queue_bytes(); a smaller ring, down to 1 MiB, if the process has no
// address space for that (`ulimit -v`), which is noted. `capacity` is its size. Throws IoError.
SharedMapping place_largest_ring(Notices& notices, std::uint64_t& capacity);

class RingKeeper {
 public:
  // On a thread of the user: reads the environment.
  RingKeeper(OpRing& ring, ChannelRegistry& channels, Notices& notices)
      : ring_(ring), channels_(channels), notices_(notices) {}

  // Looks several times a second whether recovery would find the ring: its file is where it was, and its
  // directory is one that recovery uses. If not, moves the ring to a new file with everything that is in it,
  // and notes that once. Tries again later if that is not possible now. At each call it puts our handler of
  // SIGBUS in front again if the program has replaced it (MappingGuard). `now_ns` is monotonic_ns(). Under
  // the drain lock. Throws std::bad_alloc.
  void check(std::int64_t now_ns);

  // Somebody has cut off the ring's file, and `events_lost` are gone: notes that, and has the next check()
  // move the ring.
  void note_cut(std::uint64_t events_lost) noexcept;

 private:
  bool is_safe() const;
  bool move();

  OpRing& ring_;
  ChannelRegistry& channels_;
  Notices& notices_;
  const std::vector<std::string> directories_ = ring_directory_paths();
  // All under the drain lock.
  std::int64_t check_at_ns_ = 0;
  bool told_ = false;  // that it cannot be moved now
};

}  // namespace tickertape
