// One open event file inside the pipeline: what of it is queued, encoded and written. L4.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>

#include "base/bytes.h"
#include "drain/codec_pool.h"
#include "queue/ring_layout.h"
#include "sink/sink.h"

namespace tickertape {

struct Name;

inline constexpr std::uint64_t kNoPosition = std::numeric_limits<std::uint64_t>::max();

// Makes another file of the same writer, with what stands at the start of each. Throws IoError.
using Renew = std::function<std::unique_ptr<Sink>()>;

// What ChannelRegistry::open() needs to know.
struct SinkPlan {
  std::unique_ptr<Sink> sink;
  Renew renew = nullptr;
  bool raises = false;
};

struct Channel {
  Channel(SinkPlan plan, std::uint32_t index, ring_layout::CommitSlot* commit_slot)
      : renew(std::move(plan.renew)),
        raises(plan.raises),
        slot_index(index),
        slot(commit_slot),
        sink_(std::move(plan.sink)) {}

  // Three groups, a cache line or more apart: what each push stores, what the drainer stores at each write,
  // and what it looks at for each op. On one line they cost the drainer 200 instead of 56 ns a scalar and the
  // caller, meanwhile, 215 instead of 102 (two cores, measured).

  // --- Shared
  // ----------------------------------------------------------------------------------------------------
  const Renew renew;  // nullptr if there is no other file to be had
  const bool raises;  // its writer asks for error_number and raises, so nobody needs a warning
  const std::uint32_t slot_index;
  ring_layout::CommitSlot* const slot;
  // Behind the newest op: stored by producers inside the ring's lock, loaded by flush().
  alignas(ring_layout::kCacheLine) std::atomic<std::uint64_t> pushed{0};
  // Every op that ends at or before it is in the file: stored by the drainer (release), loaded by flush()
  // (acquire).
  alignas(ring_layout::kCacheLine) std::atomic<std::uint64_t> committed{0};
  // Why the last write failed; 0: it did not. Stored by the drainer, loaded by whom wants an exception;
  // relaxed, since nothing hangs on when it is seen.
  std::atomic<int> error_number{0};

  // What is written to now; shared, so that sync() can outlast the drain lock.
  std::shared_ptr<Sink> current_sink() {
    const std::lock_guard<std::mutex> lock(sink_mutex_);
    return sink_;
  }

  // --- Under the drain lock
  // --------------------------------------------------------------------------------------

  Sink& sink() { return *sink_; }
  void replace_sink(std::shared_ptr<Sink> next) {
    const std::lock_guard<std::mutex> lock(sink_mutex_);
    sink_.swap(next);
  }

  alignas(ring_layout::kCacheLine) Name* name = nullptr;  // the writer's own
  // Positions of an op that could not be encoded when the sequencer came by, and of all that follow it in
  // this file. Where the disk is full it may be millions: so it holds nothing else.
  std::deque<std::uint64_t> pending;
  // What the workers have of the first ones in `pending`; nullptr if they have none.
  std::deque<std::shared_ptr<Job>> jobs;
  Buffer out;                   // records in order, on their way to the sink
  std::size_t out_written = 0;  // of `out`, taken by the sink
  // Of `out`, and of its events, encoded from a ring that nobody had cut off.
  std::size_t out_sound = 0;
  std::uint64_t out_sound_events = 0;
  std::uint64_t out_begin = kNoPosition;  // position of the first op in `out`
  struct {
    const Name* name = nullptr;
    std::int64_t step = 0;
  } out_first;  // what the first op in `out` is, for messages
  std::uint64_t out_events = 0;
  std::uint64_t encoded_to = 0;  // behind the last op that was encoded
  std::int64_t retry_at_ns = 0;
  std::int64_t retry_after_ns = 0;
  std::uint64_t file_number = 0;  // of the writer's files, see CommitSlot
  bool is_active = false;         // on the sequencer's list
  bool is_closing = false;        // closed by its writer: ends when everything is in the file
  unsigned memory_failures = 0;   // how often its next op could not be encoded for want of memory

  // Position of the first op that is not in the file; kNoPosition where all are.
  std::uint64_t uncommitted_from() const {
    if (out_begin != kNoPosition) return out_begin;
    return pending.empty() ? kNoPosition : pending.front();
  }

  // The ops before `position` are gone from the ring, because somebody cut off its file. What of them is
  // encoded, and certainly from what they were, is still written.
  void forget_before(std::uint64_t position) noexcept {
    while (!pending.empty() && pending.front() < position) {
      pending.pop_front();
      if (!jobs.empty()) jobs.pop_front();
    }
    out.truncate(out_sound);
    out_events = out_sound_events;
    if (out.empty()) out_begin = kNoPosition;
    encoded_to = std::max(encoded_to, position);
    memory_failures = 0;
    slot->commit(position, sink_->size(), file_number);
    if (out.empty()) committed.store(encoded_to, std::memory_order_release);  // pairs with flush()'s load
  }

 private:
  std::mutex sink_mutex_;       // a leaf: held for a copy of the pointer
  std::shared_ptr<Sink> sink_;  // changed under both locks, read under either
};

}  // namespace tickertape
