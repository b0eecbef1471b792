// Takes ops from the ring in order, has them encoded, and appends each file's records in the order of the
// calls. L4; everything here runs under the drain lock (drainer.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <vector>

#include "drain/channel.h"
#include "drain/channel_registry.h"
#include "drain/codec_pool.h"
#include "drain/counters.h"
#include "queue/name_log.h"
#include "queue/notices.h"
#include "queue/op_ring.h"

namespace tickertape {

// How much is encoded before it is written: large enough that the system call does not count (0.4 us in 256
// KiB), small enough to stay in the cache between the two.
inline constexpr std::size_t kWriteBytes = std::size_t{256} << 10;

class Sequencer {
 public:
  Sequencer(OpRing& ring, NameLog& names, CodecPool& pool, ChannelRegistry& channels, Notices& notices,
            Counters& counters)
      : ring_(ring),
        names_(names),
        pool_(pool),
        channels_(channels),
        notices_(notices),
        counters_(counters) {}

  // Encodes and writes what it can without waiting; only a part of it if there is much. True if it is worth
  // calling again at once. Throws std::bad_alloc; then nothing is lost, and the next call goes on.
  bool step();

  // Lets an empty ring continue at its front (OpRing::start_over()). To be called after a step() that
  // returned false.
  void start_over() {
    if (const auto position = ring_.start_over()) scan_ = *position;
  }

  // What is before `position` is gone from the ring; no op before it is looked at again.
  void skip_to(std::uint64_t position) { scan_ = std::max(scan_, position); }

  // Tries a failing file again now, whatever its back-off.
  void retry_now(Channel& channel) { channel.retry_at_ns = 0; }

  // Has the registry forget a channel once its ops are in the file. Throws std::bad_alloc.
  void close_when_written(Channel& channel);

  // True if something is not in its file yet: it waits for a codec, a deferred value or the disk.
  bool is_waiting() const { return !active_.empty(); }
  // True if a file waits for a job that is queued, running or finished in the pool.
  bool waits_for_codec() const;
  // True if nothing of `channel` can be written before a device has sent a value.
  bool waits_for_device(const Channel& channel) const;
  bool has_taken_everything() const { return scan_ == ring_.head(); }
  bool is_idle() const { return !is_waiting() && has_taken_everything(); }

 private:
  bool scan();
  void take(std::uint64_t position, ring_layout::OpHeader& op);
  void advance(Channel& channel);
  bool encode_front(Channel& channel);
  bool take_from_worker(Channel& channel, ring_layout::OpHeader& op);
  void submit_ahead(Channel& channel) noexcept;
  bool encode_inline(Channel& channel, std::uint64_t position, ring_layout::OpHeader& op);
  void note_encoded(Channel& channel, std::uint64_t position, const ring_layout::OpHeader& op);
  void leave_behind(Channel& channel, std::uint64_t position, ring_layout::OpHeader& op);
  // Leaves a notice if there is memory for it; `name` is the id of the Name that it is about.
  template <typename MakeText>
  void tell(MakeText make_text, std::uint32_t name = kAboutNoName) noexcept {
    try {
      notices_.add(make_text(), name);
    } catch (const std::bad_alloc&) {
      return;  // out of memory: the counters in stats() are the only trace
    }
    ring_.request_attention();
  }
  void report(const ring_layout::OpHeader& op, const EncodeReport& report);
  bool report_lost(Channel& channel, ring_layout::OpHeader& op, const std::exception_ptr& error) noexcept;
  void write(Channel& channel);
  SinkState reopen(Channel& channel);
  int renew_if_lost(Channel& channel);
  void note_committed(Channel& channel);
  void fail(Channel& channel, int error_number);
  void activate(Channel& channel);
  void release_room();
  Name& name_of(const ring_layout::OpHeader& op);

  OpRing& ring_;
  NameLog& names_;
  CodecPool& pool_;
  ChannelRegistry& channels_;
  Notices& notices_;
  Counters& counters_;

  std::uint64_t scan_ = 0;        // everything before it has been taken from the ring
  std::vector<Channel*> active_;  // those with something not in the file, or closing
  std::vector<Channel*> closed_;  // of one step()
  std::vector<Name*> known_;      // by id: the log's own look-up takes a lock
};

}  // namespace tickertape
