// A device copy: values that a device writes into memory of this process, and how to tell that it has
// finished. L1; the waitlist polls it, deferred values refer to it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "array/array.h"
#include "base/os/clock.h"
#include "base/os/process.h"
#include "device/device.h"

namespace tickertape {

// One copy from a device. The code that started the copy creates it and shares it with every op that waits
// for one of its values. The target memory must stay valid while this object lives and while has_ended() is
// false, because the device may still write to it. Thread-safe.
class DeviceCopy {
 public:
  enum class State : std::uint8_t { kWaiting, kHere, kFailed };

  // `event` was recorded after the copy in the device's queue `queue`. Copies of one queue end in order, so
  // one that has not ended holds up those after it. The calling thread must have a current context of the
  // device; see has_context(). If `device` is nullptr, complete() or fail() ends the copy.
  DeviceCopy(Device* device, std::uintptr_t event, std::uint64_t queue)
      : device_(device), event_(event), context_(device != nullptr ? device->context() : 0), queue_(queue) {}
  virtual ~DeviceCopy() = default;
  DeviceCopy(const DeviceCopy&) = delete;
  DeviceCopy& operator=(const DeviceCopy&) = delete;

  // The state that the last poll() found. Does not query the device. Acquire: pairs with the release in
  // end().
  State state() const { return state_.load(std::memory_order_acquire); }
  bool has_ended() const { return state() != State::kWaiting; }

  // Queries the device and returns the new state. A forked child must not query it, so a copy that was
  // waiting at the fork never ends there.
  State poll(DeviceQueries& queries);
  State poll();

  // For a copy without a device: ends it, with filled memory or with an error. Call one of them, once.
  void complete() { end(State::kHere); }
  void fail(std::string why) {
    why_ = std::move(why);
    end(State::kFailed);
  }

  // The reason of a failure. Call it only if state() is kFailed.
  std::string why() const;

  // False if its event cannot be queried, because no context was current when it was created.
  bool has_context() const { return device_ == nullptr || context_ != 0; }
  Device* device() const { return device_; }
  std::uint64_t queue() const { return queue_; }
  std::int64_t age_ns() const { return monotonic_ns() - made_at_ns_; }
  bool is_of_this_process() const { return process_ == process_id(); }

 private:
  void end(State state) { state_.store(state, std::memory_order_release); }

  Device* const device_;  // nullptr: complete() or fail() ends the copy
  const std::uintptr_t event_;
  const std::uintptr_t context_;
  const std::uint64_t queue_;
  const std::int64_t made_at_ns_ = monotonic_ns();
  const std::uint32_t process_ = process_id();
  std::string why_;                            // written before the release of state_
  std::atomic<int> error_number_{0};           // the device's; relaxed: ordered by state_
  std::atomic<State> state_{State::kWaiting};  // release in end(), acquire in state()
};

// A deferred value: one element of `dtype` at `data`, which `copy` fills.
struct DeferredNumber {
  std::shared_ptr<DeviceCopy> copy;
  const void* data = nullptr;
  DType dtype = DType::kFloat32;

  // The value as a double. Call it only after the copy's state is kHere.
  double value() const;
};

}  // namespace tickertape
