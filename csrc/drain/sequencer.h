// Takes ops from the ring in order, has them encoded, and appends each file's records in the order of the
// calls. L4; everything here runs under the backend's drain lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <utility>
#include <vector>

#include "drain/channel.h"
#include "drain/codec_pool.h"
#include "drain/counters.h"
#include "queue/name_log.h"
#include "queue/notices.h"
#include "queue/op_ring.h"

namespace tickertape {

class Sequencer {
 public:
  // `on_closed` takes a channel back once it is closed and all its ops are in the file.
  Sequencer(OpRing& ring, NameLog& names, CodecPool& pool, Notices& notices, Counters& counters,
            std::function<void(Channel&)> on_closed)
      : ring_(ring),
        names_(names),
        pool_(pool),
        notices_(notices),
        counters_(counters),
        on_closed_(std::move(on_closed)) {}

  // Encodes and writes what it can without waiting; a part of it where there is much. True when it is worth
  // calling again at once. Throws std::bad_alloc; then nothing is lost, and the next call goes on.
  bool step();

  // Lets an empty ring go on at its front; see OpRing::start_over(). After a step(), for which nothing is
  // left.
  void start_over() {
    if (const auto position = ring_.start_over()) scan_ = *position;
  }

  // Tries failing files again now, whatever their back-off.
  void retry_now(Channel& channel) { channel.retry_at_ns = 0; }

  // Lets go of a channel once its ops are in the file.
  void close_when_written(Channel& channel);

  // True where something is not in its file yet: a codec, a deferred value or the disk is waited for.
  bool is_waiting() const { return !active_.empty(); }
  // True where a worker has, or could have, what is waited for.
  bool waits_for_codec() const;
  // True where nothing of `channel` can be written before a device has sent a value.
  bool waits_for_device(const Channel& channel) const;
  bool has_taken_everything() const { return scan_ == ring_.head(); }
  bool is_idle() const { return !is_waiting() && has_taken_everything(); }

  // Forgets what it knows of names; see NameLog::reset().
  void forget_names() { known_.clear(); }

 private:
  bool scan();
  void take(std::uint64_t position, ring_layout::OpHeader& op);
  void advance(Channel& channel);
  bool encode_front(Channel& channel);
  bool take_from_worker(Channel& channel, ring_layout::OpHeader& op);
  void submit_ahead(Channel& channel) noexcept;
  bool encode_inline(Channel& channel, std::uint64_t position, ring_layout::OpHeader& op);
  void note_encoded(Channel& channel, std::uint64_t position);
  void leave_behind(Channel& channel, std::uint64_t position, ring_layout::OpHeader& op);
  template <typename MakeText>
  void tell(MakeText make_text) noexcept;
  void report(Name& name, const EncodeReport& report);
  bool report_lost(Channel& channel, ring_layout::OpHeader& op, const std::exception_ptr& error) noexcept;
  void write(Channel& channel);
  int renew_if_lost(Channel& channel);
  void note_committed(Channel& channel);
  void fail(Channel& channel, int error_number);
  void activate(Channel& channel);
  void release_room();
  Name& name_of(const ring_layout::OpHeader& op);

  OpRing& ring_;
  NameLog& names_;
  CodecPool& pool_;
  Notices& notices_;
  Counters& counters_;
  std::function<void(Channel&)> on_closed_;

  std::uint64_t scan_ = 0;        // everything before it has been taken from the ring
  std::vector<Channel*> active_;  // those with something not in the file, or closing
  std::vector<Channel*> closed_;  // of one step()
  std::vector<Name*> known_;      // by id: the log's own look-up takes a lock
};

}  // namespace tickertape
