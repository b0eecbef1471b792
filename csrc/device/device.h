// What tells that a device has finished writing to our memory. L1; the core knows events, never what the
// device computes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tickertape {

enum class Completion : std::uint8_t { kNotYet, kDone, kFailed };

struct DeviceAnswer {
  Completion completion = Completion::kNotYet;
  int error_number = 0;  // of the device's own, where it failed
};

// A kind of device whose events can be asked about. Thread-safe; nothing here waits or throws.
class Device {
 public:
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // What the calling thread's queries need later, in whichever thread they are made; 0: there is none.
  virtual std::uintptr_t context() noexcept = 0;

  // What a row of queries changes in its thread.
  struct ThreadState {
    std::uintptr_t context = 0;
    int capture_mode = 0;
  };
  virtual void begin(ThreadState& before) noexcept = 0;
  virtual DeviceAnswer query(std::uintptr_t context, std::uintptr_t event) noexcept = 0;
  virtual void end(const ThreadState& before) noexcept = 0;

  // In words.
  virtual std::string describe(int error_number) const = 0;

 protected:
  Device() = default;
};

// A row of queries: the calling thread is as before once this has gone.
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

// The device of a name ("cuda", "hip") whose driver this process has loaded, by whomever; nullptr where it
// has not. Lives for ever.
Device* find_device(std::string_view name);

}  // namespace tickertape
