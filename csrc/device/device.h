// Queries whether a device (CUDA, HIP) has finished writing to this process's memory. L1. The core knows only
// the device's events, never what the device computes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tickertape {

enum class Completion : std::uint8_t { kNotYet, kDone, kFailed };

struct DeviceAnswer {
  Completion completion = Completion::kNotYet;
  int error_number = 0;  // the device's own error code if completion is kFailed
};

// A kind of device whose events can be queried. Thread-safe; no function waits or throws.
class Device {
 public:
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // The calling thread's current context, which query() needs on whatever thread it runs; 0 if there is none.
  virtual std::uintptr_t context() noexcept = 0;

  // The state of a thread that queries change. begin() saves it and end() restores it, on the same thread.
  struct ThreadState {
    std::uintptr_t context = 0;
    int capture_mode = 0;
  };
  virtual void begin(ThreadState& before) noexcept = 0;
  virtual DeviceAnswer query(std::uintptr_t context, std::uintptr_t event) noexcept = 0;
  virtual void end(const ThreadState& before) noexcept = 0;

  // The name of an error, for messages.
  virtual std::string describe(int error_number) const = 0;

 protected:
  Device() = default;
};

// A group of queries on the calling thread. The destructor restores the thread's state.
class DeviceQueries {
 public:
  explicit DeviceQueries(Device& device) : device_(device) { device_.begin(before_); }
  ~DeviceQueries() { device_.end(before_); }
  DeviceQueries(const DeviceQueries&) = delete;
  DeviceQueries& operator=(const DeviceQueries&) = delete;

  DeviceAnswer ask(std::uintptr_t context, std::uintptr_t event) { return device_.query(context, event); }

 private:
  Device& device_;
  Device::ThreadState before_;
};

// The device called `name` ("cuda", "hip"), or nullptr if its driver is not loaded in this process. Never
// deleted.
Device* find_device(std::string_view name);

}  // namespace tickertape
