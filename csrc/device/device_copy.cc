// Polls a device copy; see device_copy.h. L1.
#include "device/device_copy.h"

#include <cstring>

#include "array/array_block.h"

namespace tickertape {

DeviceCopy::State DeviceCopy::poll(DeviceQueries& queries) {
  const State known = state();
  if (known != State::kWaiting || device_ == nullptr || !is_of_this_process()) return known;
  const DeviceAnswer answer = queries.ask(context_, event_);
  if (answer.completion == Completion::kDone) end(State::kHere);
  if (answer.completion == Completion::kFailed) {
    error_number_.store(answer.error_number, std::memory_order_relaxed);
    end(State::kFailed);
  }
  return state();
}

DeviceCopy::State DeviceCopy::poll() {
  if (has_ended() || device_ == nullptr) return state();
  DeviceQueries queries(*device_);
  return poll(queries);
}

std::string DeviceCopy::why() const {
  return device_ != nullptr ? device_->describe(error_number_.load(std::memory_order_relaxed)) : why_;
}

double DeferredNumber::value() const {
  double value = 0;
  alignas(double) std::uint8_t element[sizeof(double)];  // `data` may be unaligned
  std::memcpy(element, data, item_size(dtype));
  convert_elements(ArrayView{element, 1, dtype}, 0, 1, &value);
  return value;
}

}  // namespace tickertape
