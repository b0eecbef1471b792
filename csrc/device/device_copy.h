// Values on their way from a device into memory of this process: one copy, and what tells that it has ended.
// L4.
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

// Whoever made the copy makes one of these and shares it with every op that waits for a value of it. The
// memory must stay as long as the copy does, and as long as has_ended() is false: the device may still
// write. Thread-safe.
class DeviceCopy {
 public:
  enum class State : std::uint8_t { kWaiting, kHere, kFailed };

  // `event` has been recorded behind the copy. `queue` names the device's queue: in one queue the first that
  // has not come holds up those behind it. Without a device: complete() says when. Otherwise some context of
  // the device shall be current in the calling thread; see has_context().
  DeviceCopy(Device* device, std::uintptr_t event, std::uint64_t queue)
      : device_(device), event_(event), context_(device != nullptr ? device->context() : 0), queue_(queue) {}
  virtual ~DeviceCopy() = default;
  DeviceCopy(const DeviceCopy&) = delete;
  DeviceCopy& operator=(const DeviceCopy&) = delete;

  // As far as is known; asks nobody.
  State state() const { return state_.load(std::memory_order_acquire); }  // pairs with end()
  bool has_ended() const { return state() != State::kWaiting; }

  // Asks the device. In a forked child, where it must not be asked, nothing ever comes.
  State poll(DeviceQueries& queries);
  State poll();

  // For one without a device, once: the memory is filled, or never will be.
  void complete() { end(State::kHere); }
  void fail(std::string why) {
    why_ = std::move(why);
    end(State::kFailed);
  }

  // Why it failed.
  std::string why() const;

  // False where its event cannot be asked about.
  bool has_context() const { return device_ == nullptr || context_ != 0; }
  Device* device() const { return device_; }
  std::uint64_t queue() const { return queue_; }
  std::int64_t age_ns() const { return monotonic_ns() - made_at_ns_; }
  bool is_of_this_process() const { return process_ == process_id(); }

 private:
  void end(State state) { state_.store(state, std::memory_order_release); }

  Device* const device_;  // nullptr: complete() says when
  const std::uintptr_t event_;
  const std::uintptr_t context_;
  const std::uint64_t queue_;
  const std::int64_t made_at_ns_ = monotonic_ns();
  const std::uint32_t process_ = process_id();
  std::string why_;                   // written before state_
  std::atomic<int> error_number_{0};  // the device's; ordered by state_
  std::atomic<State> state_{State::kWaiting};
};

// A number that a device copy brings: one element of `dtype` at `data`.
struct DeferredNumber {
  std::shared_ptr<DeviceCopy> copy;
  const void* data = nullptr;
  DType dtype = DType::kFloat32;

  // Once it is here.
  double value() const;
};

}  // namespace tickertape
