// CUDA and HIP through the driver that the process has already loaded. L1.
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
constexpr int kNotReady = 600;          // CUDA_ERROR_NOT_READY, hipErrorNotReady
constexpr int kRelaxedCapture = 2;      // CU_STREAM_CAPTURE_MODE_RELAXED, hipStreamCaptureModeRelaxed
constexpr int kNoCapture = 0;           // CU_STREAM_CAPTURE_STATUS_NONE, hipStreamCaptureStatusNone
constexpr unsigned kDisableTiming = 2;  // CU_EVENT_DISABLE_TIMING, hipEventDisableTiming
constexpr unsigned kPortable = 1;       // CU_MEMHOSTALLOC_PORTABLE, hipHostMallocPortable: for all contexts

// The names of one vendor's functions; nullptr for a function that the vendor does not need.
struct Names {
  std::string_view device;
  std::array<const char*, 4> libraries;
  const char* event_query;
  const char* get_context;
  const char* set_context;
  const char* get_ordinal;
  const char* set_ordinal;
  const char* exchange_capture_mode;
  const char* error_name;
  const char* lock_memory;
  const char* create_event;
  const char* is_capturing;
  const char* copy;
  const char* record;
};

constexpr Names kCuda{"cuda",
                      {"libcuda.so.1", "nvcuda.dll"},
                      "cuEventQuery",
                      "cuCtxGetCurrent",
                      "cuCtxSetCurrent",
                      nullptr,
                      nullptr,
                      "cuThreadExchangeStreamCaptureMode",
                      "cuGetErrorName",
                      "cuMemHostAlloc",
                      "cuEventCreate",
                      "cuStreamIsCapturing",
                      "cuMemcpyDtoHAsync_v2",
                      "cuEventRecord"};

// HIP has a current device instead of a current context: its context here is the device's number plus 1.
// Written from the documentation; it has never run on a HIP device.
constexpr Names kHip{"hip",
                     {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so"},
                     "hipEventQuery",
                     nullptr,
                     nullptr,
                     "hipGetDevice",
                     "hipSetDevice",
                     "hipThreadExchangeStreamCaptureMode",
                     nullptr,
                     "hipHostMalloc",
                     "hipEventCreateWithFlags",
                     "hipStreamIsCapturing",
                     "hipMemcpyDtoHAsync",
                     "hipEventRecord"};

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
    find(library, names.get_ordinal, get_ordinal_);
    find(library, names.set_ordinal, set_ordinal_);
    find(library, names.exchange_capture_mode, exchange_capture_mode_);
    find(library, names.error_name, error_name_);
    find(library, names.lock_memory, lock_memory_);
    find(library, names.create_event, create_event_);
    find(library, names.is_capturing, is_capturing_);
    find(library, names.copy, copy_);
    find(library, names.record, record_);
    const bool has_contexts = (get_context_ != nullptr && set_context_ != nullptr) ||
                              (get_ordinal_ != nullptr && set_ordinal_ != nullptr);
    return event_query_ != nullptr && exchange_capture_mode_ != nullptr && has_contexts;
  }

  std::uintptr_t context() noexcept override {
    if (get_ordinal_ != nullptr) {
      int ordinal = 0;
      return get_ordinal_(&ordinal) == kSuccess ? static_cast<std::uintptr_t>(ordinal) + 1 : 0;
    }
    std::uintptr_t current = 0;
    return get_context_(&current) == kSuccess ? current : 0;
  }
  void set_context(std::uintptr_t context) noexcept override {
    if (set_ordinal_ == nullptr) {
      set_context_(context);
    } else if (context != 0) {
      set_ordinal_(static_cast<int>(context - 1));
    }
  }

  // Relaxed capture mode: in any other mode a query would break a stream capture that is in progress.
  void begin(ThreadState& before) noexcept override {
    before.context = context();
    before.capture_mode = kRelaxedCapture;
    exchange_capture_mode_(&before.capture_mode);
  }
  DeviceAnswer query(std::uintptr_t context, std::uintptr_t event) noexcept override {
    if (this->context() != context) set_context(context);
    const int result = event_query_(event);
    if (result == kSuccess) return {Completion::kDone, 0};
    if (result == kNotReady) return {Completion::kNotYet, 0};
    return {Completion::kFailed, result};
  }
  void end(const ThreadState& before) noexcept override {
    int mode = before.capture_mode;
    exchange_capture_mode_(&mode);
    if (context() != before.context) set_context(before.context);
  }

  bool can_copy() const noexcept override {
    return lock_memory_ != nullptr && create_event_ != nullptr && is_capturing_ != nullptr &&
           copy_ != nullptr && record_ != nullptr;
  }
  void* lock_memory(std::size_t bytes) noexcept override {
    void* memory = nullptr;
    return lock_memory_(&memory, bytes, kPortable) == kSuccess ? memory : nullptr;
  }
  std::uintptr_t create_event() noexcept override {
    std::uintptr_t event = 0;
    return create_event_(&event, kDisableTiming) == kSuccess ? event : 0;
  }
  bool is_capturing(std::uintptr_t stream) noexcept override {
    int status = kNoCapture;
    return is_capturing_(stream, &status) != kSuccess || status != kNoCapture;
  }
  bool copy(void* to, std::uintptr_t from, std::size_t bytes, std::uintptr_t stream) noexcept override {
    return copy_(to, from, bytes, stream) == kSuccess;
  }
  bool record(std::uintptr_t event, std::uintptr_t stream) noexcept override {
    return record_(event, stream) == kSuccess;
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
  int (*get_ordinal_)(int* ordinal) = nullptr;
  int (*set_ordinal_)(int ordinal) = nullptr;
  int (*exchange_capture_mode_)(int* mode) = nullptr;
  int (*error_name_)(int error, const char** name) = nullptr;
  int (*lock_memory_)(void** memory, std::size_t bytes, unsigned flags) = nullptr;
  int (*create_event_)(std::uintptr_t* event, unsigned flags) = nullptr;
  int (*is_capturing_)(std::uintptr_t stream, int* status) = nullptr;
  int (*copy_)(void* to, std::uintptr_t from, std::size_t bytes, std::uintptr_t stream) = nullptr;
  int (*record_)(std::uintptr_t event, std::uintptr_t stream) = nullptr;
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
