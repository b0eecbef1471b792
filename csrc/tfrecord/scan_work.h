// Counts the bytes that a reader handles, and lets a signal handler end it. L2.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "base/error.h"

namespace tickertape {

// Returns true if the work shall end. Called on the thread that reads.
using InterruptCheck = std::function<bool()>;

// Not thread-safe.
class ScanWork {
 public:
  // `check` is called about once for each MiB that is read or checked; nullptr: never.
  void set_interrupt_check(InterruptCheck check) { check_ = std::move(check); }

  // Each throws Interrupted if the check says so.
  void did_read(std::uint64_t bytes) {
    read_bytes_ += bytes;
    add(bytes);
  }
  void did_checksum(std::uint64_t bytes) {
    checksummed_bytes_ += bytes;
    add(bytes);
  }

  std::uint64_t read_bytes() const { return read_bytes_; }
  std::uint64_t checksummed_bytes() const { return checksummed_bytes_; }

 private:
  static constexpr std::uint64_t kBytesPerCheck = std::uint64_t{1} << 20;

  void add(std::uint64_t bytes) {
    since_check_ += bytes;
    if (since_check_ < kBytesPerCheck) return;
    since_check_ = 0;
    if (check_ && check_()) throw Interrupted();
  }

  InterruptCheck check_;
  std::uint64_t read_bytes_ = 0;
  std::uint64_t checksummed_bytes_ = 0;
  std::uint64_t since_check_ = 0;
};

}  // namespace tickertape
