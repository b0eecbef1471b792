// The open files of a process: adding one, giving one back, and the commit slots they use. L4; writers open
// and close, the drainer forgets what is closed and written.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "drain/channel.h"
#include "drain/counters.h"
#include "queue/name_log.h"
#include "queue/op_ring.h"

namespace tickertape {

// Thread-safe.
class ChannelRegistry {
 public:
  ChannelRegistry(OpRing& ring, NameLog& names, Counters& counters)
      : ring_(ring), names_(names), counters_(counters) {}

  // Registers a sink under the name of its path and returns its channel, which stays at its address until
  // forget(). Throws ArgumentError if too many are open, IoError if the ring has no memory for another, and
  // std::bad_alloc; then nothing has changed.
  Channel& open(SinkPlan plan);

  // Asks the drainer to close the channel once all its ops are written. Never fails. The channel may be gone
  // as soon as this is called.
  void request_close(Channel& channel) noexcept;

  // --- Under the drain lock

  // Calls `take(channel)` for each channel that request_close() named since the last call. If `take` throws,
  // all of them are named again.
  template <typename Take>
  void take_closing(Take take) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (Channel* channel : closing_) take(*channel);
    closing_.clear();
  }

  // As OpRing::move_to().
  bool move_ring(SharedMapping& fresh) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return names_.move_ring(fresh);
  }

  // As OpRing::mend(); also restores names and slots, and lets every channel forget what is gone
  // (Channel::forget_before()). `events_kept`: how many of the ops before the cut are encoded and still on
  // their way to a file.
  std::optional<OpRing::Cut> mend_ring(std::uint64_t& events_kept);

  // Removes a channel whose ops are all written, and closes its sink. If it was the last one and
  // `ring_is_empty`, also resets the names, and returns true.
  bool forget(Channel& channel, bool ring_is_empty) noexcept;

 private:
  void reserve_for_one_more();
  std::uint32_t take_slot_number();

  OpRing& ring_;
  NameLog& names_;
  Counters& counters_;

  std::mutex mutex_;
  // All under mutex_.
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<Channel*> closing_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t next_slot_ = 0;  // the first number that was never used
};

}  // namespace tickertape
