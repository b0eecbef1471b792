// MappingGuard on Windows, where nobody can cut off a file that is mapped. L0.
#include <thread>

#include "base/os/mapping_guard.h"

namespace tickertape {

MappingGuard::Busy::Busy(MappingGuard& guard) noexcept : guard_(guard) {
  while (guard_.is_busy_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
}

MappingGuard::Busy::~Busy() {
  static_cast<void>(saved_mask_);  // there are no signals
  guard_.is_busy_.store(false, std::memory_order_release);
}

MappingGuard* MappingGuard::watch(std::uint8_t* data, std::size_t size) {
  auto* guard = new MappingGuard;
  guard->size_.store(size, std::memory_order_relaxed);
  guard->cut_from_.store(size, std::memory_order_relaxed);
  guard->data_.store(data, std::memory_order_release);
  return guard;
}

void MappingGuard::keep_handler() {}

void MappingGuard::release() noexcept { delete this; }

bool MappingGuard::cut(std::size_t /*end*/) noexcept { return false; }

}  // namespace tickertape
