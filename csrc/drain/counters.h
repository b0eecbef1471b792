// What the pipeline has done so far, for stats(). L4.
#pragma once

#include <atomic>
#include <cstdint>

namespace tickertape {

// Each is stored and loaded relaxed: they are read for display and order nothing.
struct Counters {
  std::atomic<std::uint64_t> events_written{0};
  std::atomic<std::uint64_t> bytes_written{0};
  std::atomic<std::uint64_t> events_dropped{0};
  std::atomic<std::uint64_t> events_not_encoded{0};  // accepted, but never in a file; dropped, too
  std::atomic<std::uint64_t> write_retries{0};
  std::atomic<std::uint64_t> files_renewed{0};  // files begun because the one before was deleted or cut off
  std::atomic<std::uint64_t> wait_ns{0};        // time that callers waited for room
  std::atomic<std::uint64_t> internal_errors{
      0};  // exceptions that draining did not expect; each was tried again
  std::atomic<std::uint64_t> writers_open{0};

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
    counter.fetch_add(amount, std::memory_order_relaxed);
  }
};

}  // namespace tickertape
