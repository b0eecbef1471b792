// Queries events of CUDA and HIP through the driver that the process has already loaded. L1.
//
// The driver is neither linked nor loaded here: a program without a GPU needs none of it, and a caller that
// has an event has loaded the driver. Function names, numbers and modes are from cuda.h (CUDA 12) and
// hip_runtime_api.h (ROCm 6).
#include <array>
#include <atomic>
#include <memory>

#include "base/os/library.h"
#include "device/device.h"

namespace tickertape {
namespace {

constexpr int kSuccess = 0;
constexpr int kNotReady = 600;      // CUDA_ERROR_NOT_READY, hipErrorNotReady
constexpr int kRelaxedCapture = 2;  // CU_STREAM_CAPTURE_MODE_RELAXED, hipStreamCaptureModeRelaxed

// The names of one vendor's functions; nullptr for a function that the vendor does not need.
struct Names {
  std::string_view device;
  std::array<const char*, 4> libraries;
  const char* event_query;
  const char* get_context;
  const char* set_context;
  const char* exchange_capture_mode;
  const char* error_name;
};

constexpr Names kCuda{"cuda",
                      {"libcuda.so.1", "nvcuda.dll"},
                      "cuEventQuery",
                      "cuCtxGetCurrent",
                      "cuCtxSetCurrent",
                      "cuThreadExchangeStreamCaptureMode",
                      "cuGetErrorName"};

// HIP events know their device, so no context has to be set. Written from the documentation; it has never run
// on a HIP device.
constexpr Names kHip{
    "hip",           {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so"},
    "hipEventQuery", nullptr,
    nullptr,         "hipThreadExchangeStreamCaptureMode",
    nullptr};

template <typename Function>
void find(void* library, const char* name, Function& function) {
  if (name != nullptr) function = reinterpret_cast<Function>(function_in(library, name));
}

class Driver final : public Device {
 public:
  // Returns false if the process has not loaded the driver.
  bool open(const Names& names) {
    void* library = nullptr;
    for (const char* file : names.libraries) {
      if (file != nullptr && library == nullptr) library = loaded_library(file);
    }
    if (library == nullptr) return false;
    find(library, names.event_query, event_query_);
    find(library, names.get_context, get_context_);
    find(library, names.set_context, set_context_);
    find(library, names.exchange_capture_mode, exchange_capture_mode_);
    find(library, names.error_name, error_name_);
    const bool has_contexts =
        names.get_context == nullptr || (get_context_ != nullptr && set_context_ != nullptr);
    return event_query_ != nullptr && exchange_capture_mode_ != nullptr && has_contexts;
  }

  std::uintptr_t context() noexcept override {
    if (get_context_ == nullptr) return 1;  // any number except 0
    std::uintptr_t current = 0;
    return get_context_(&current) == kSuccess ? current : 0;
  }

  // Relaxed capture mode: in any other mode a query would break a stream capture that is in progress.
  void begin(ThreadState& before) noexcept override {
    before.context = get_context_ != nullptr ? context() : 0;
    before.capture_mode = kRelaxedCapture;
    exchange_capture_mode_(&before.capture_mode);
  }
  DeviceAnswer query(std::uintptr_t context, std::uintptr_t event) noexcept override {
    if (set_context_ != nullptr && this->context() != context) set_context_(context);
    const int result = event_query_(event);
    if (result == kSuccess) return {Completion::kDone, 0};
    if (result == kNotReady) return {Completion::kNotYet, 0};
    return {Completion::kFailed, result};
  }
  void end(const ThreadState& before) noexcept override {
    int mode = before.capture_mode;
    exchange_capture_mode_(&mode);
    if (set_context_ != nullptr && context() != before.context) set_context_(before.context);
  }

  std::string describe(int error_number) const override {
    const char* name = nullptr;
    if (error_name_ != nullptr && error_name_(error_number, &name) == kSuccess && name != nullptr)
      return name;
    return "error " + std::to_string(error_number) + " of its driver";
  }

 private:
  // Handles are pointers in the C headers. Passing them as integers avoids a dependency on those headers.
  int (*event_query_)(std::uintptr_t event) = nullptr;
  int (*get_context_)(std::uintptr_t* context) = nullptr;
  int (*set_context_)(std::uintptr_t context) = nullptr;
  int (*exchange_capture_mode_)(int* mode) = nullptr;
  int (*error_name_)(int error, const char** name) = nullptr;
};

// Opens the driver at the first call after the process has loaded it and keeps it for good. Uses no lock,
// because a fork could leave it locked in the child.
Device* opened(const Names& names, std::atomic<Device*>& known) {
  // Acquire: pairs with the release of compare_exchange_strong() below.
  if (Device* device = known.load(std::memory_order_acquire)) return device;
  auto driver = std::make_unique<Driver>();
  if (!driver->open(names)) return nullptr;
  Device* first = nullptr;
  if (!known.compare_exchange_strong(first, driver.get(), std::memory_order_acq_rel)) return first;
  return driver.release();
}

}  // namespace

Device* find_device(std::string_view name) {
  static std::atomic<Device*> cuda{nullptr}, hip{nullptr};
  if (name == kCuda.device) return opened(kCuda, cuda);
  if (name == kHip.device) return opened(kHip, hip);
  return nullptr;
}

}  // namespace tickertape
