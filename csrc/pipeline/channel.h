// One open event file inside the pipeline: what of it is queued, encoded and written. L4.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "pipeline/ring_layout.h"
#include "pipeline/worker_pool.h"
#include "sink/sink.h"

namespace tickertape {

inline constexpr std::uint64_t kNoPosition = std::numeric_limits<std::uint64_t>::max();

struct Channel {
  Channel(std::unique_ptr<Sink> to, std::uint32_t index, ring_layout::CommitSlot* commit_slot)
      : sink(std::move(to)), slot_index(index), slot(commit_slot) {}

  // --- Shared
  // ----------------------------------------------------------------------------------------------------
  const std::shared_ptr<Sink> sink;  // shared, so that sync() can outlast the drain lock
  const std::uint32_t slot_index;
  ring_layout::CommitSlot* const slot;
  // Behind the newest op: stored by producers inside the ring's lock, loaded by flush().
  std::atomic<std::uint64_t> pushed{0};
  // Every op that ends at or before it is in the file: stored by the drainer (release), loaded by flush()
  // (acquire).
  std::atomic<std::uint64_t> committed{0};

  // --- Under the drain lock
  // -------------------------------------------------------------------------------------- An op that could
  // not be encoded when the sequencer came by, and all that follow it in this file.
  struct Pending {
    std::uint64_t position;
    std::shared_ptr<Job> job;  // set once a worker has it
  };
  std::deque<Pending> pending;
  Buffer out;                             // records in order, on their way to the sink
  std::size_t out_written = 0;            // of `out`, taken by the sink
  std::uint64_t out_begin = kNoPosition;  // position of the first op in `out`
  std::uint64_t out_events = 0;
  std::uint64_t encoded_to = 0;  // behind the last op that was encoded
  int error_number = 0;          // why the last write failed; 0: it did not
  std::int64_t retry_at_ns = 0;
  std::int64_t retry_after_ns = 0;
  bool is_active = false;   // on the sequencer's list
  bool is_closing = false;  // closed by its writer: ends when everything is in the file

  // Position of the first op that is not in the file; kNoPosition where all are.
  std::uint64_t uncommitted_from() const {
    if (out_begin != kNoPosition) return out_begin;
    return pending.empty() ? kNoPosition : pending.front().position;
  }
};

}  // namespace tickertape
