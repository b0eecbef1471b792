// A device (CUDA, HIP) through its driver: copies to this process's memory, and whether they have ended. L1.
// The core never knows what the device computes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tickertape {

enum class Completion : std::uint8_t { kNotYet, kDone, kFailed };

struct DeviceAnswer {
  Completion completion = Completion::kNotYet;
  int error_number = 0;  // the device's own error code if completion is kFailed
};

// A kind of device. Handles of contexts, events, streams and device memory are the driver's. Thread-safe; no
// function waits for a device or throws.
class Device {
 public:
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // The calling thread's current context, which all functions below but describe() need; 0 if there is none.
  virtual std::uintptr_t context() noexcept = 0;
  virtual void set_context(std::uintptr_t context) noexcept = 0;

  // The state of a thread that queries change. begin() saves it and end() restores it, on the same thread.
  struct ThreadState {
    std::uintptr_t context = 0;
    int capture_mode = 0;
  };
  virtual void begin(ThreadState& before) noexcept = 0;
  virtual DeviceAnswer query(std::uintptr_t context, std::uintptr_t event) noexcept = 0;
  virtual void end(const ThreadState& before) noexcept = 0;

  // Copies to the host. True if the driver has all functions for them.
  virtual bool can_copy() const noexcept = 0;
  // Page-locked memory, and an event. Neither is ever released. nullptr and 0 if the driver reports an error.
  virtual void* lock_memory(std::size_t bytes) noexcept = 0;
  virtual std::uintptr_t create_event() noexcept = 0;
  // True also if the driver reports an error.
  virtual bool is_capturing(std::uintptr_t stream) noexcept = 0;
  // Enqueue a copy to page-locked memory, and an event. False if the driver reports an error.
  virtual bool copy(void* to, std::uintptr_t from, std::size_t bytes, std::uintptr_t stream) noexcept = 0;
  virtual bool record(std::uintptr_t event, std::uintptr_t stream) noexcept = 0;

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

// Makes `context` the current one of the calling thread for the lifetime of the object.
class CurrentContext {
 public:
  CurrentContext(Device& device, std::uintptr_t context) : device_(device), before_(device.context()) {
    is_changed_ = before_ != context;
    if (is_changed_) device_.set_context(context);
  }
  ~CurrentContext() {
    if (is_changed_) device_.set_context(before_);
  }
  CurrentContext(const CurrentContext&) = delete;
  CurrentContext& operator=(const CurrentContext&) = delete;

 private:
  Device& device_;
  const std::uintptr_t before_;
  bool is_changed_;
};

// The device called `name` ("cuda", "hip"), or nullptr if its driver is not loaded in this process. Never
// deleted.
Device* find_device(std::string_view name);

}  // namespace tickertape
