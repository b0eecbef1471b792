// Copies scalars into page-locked slots; see scalar_slots.h. L1.
#include "device/scalar_slots.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace tickertape {

// Gives its slot back when nobody needs the value any more.
class ScalarSlots::SlotCopy final : public DeviceCopy {
 public:
  SlotCopy(ScalarSlots& slots, Slot* slot, std::uintptr_t stream)
      : DeviceCopy(&slots.device_, slot->event, stream), slots_(slots), slot_(slot) {}
  SlotCopy(const SlotCopy&) = delete;
  SlotCopy& operator=(const SlotCopy&) = delete;
  // In a forked child the slot is the parent's, and its lock may be held for good.
  ~SlotCopy() override {
    if (is_of_this_process()) slots_.give_back(slot_, has_ended());
  }

 private:
  ScalarSlots& slots_;
  Slot* const slot_;
};

ScalarSlots::Sent ScalarSlots::send(std::span<const Source> sources, std::uintptr_t stream) {
  const CurrentContext current(device_, context_);
  std::size_t bytes = 0;
  for (const Source& source : sources) bytes += aligned(source.bytes);
  Slot* const slot = take(bytes);
  if (slot == nullptr) return {};
  // If anything fails from here on, the slot is not used again: the device may still write to it.
  std::uint8_t* to = slot->memory;
  for (const Source& source : sources) {
    if (!device_.copy(to, source.address, source.bytes, stream)) return {};
    to += aligned(source.bytes);
  }
  if (!device_.record(slot->event, stream)) return {};
  return {std::make_shared<SlotCopy>(*this, slot, stream), slot->memory};
}

bool ScalarSlots::is_capturing(std::uintptr_t stream) {
  const CurrentContext current(device_, context_);
  return device_.is_capturing(stream);
}

ScalarSlots::Slot* ScalarSlots::take(std::size_t bytes) {
  const auto size_class =
      static_cast<std::size_t>(std::bit_width((std::max(bytes, kLeastBytes) - 1) / kLeastBytes));
  if (size_class >= kClasses) return nullptr;
  const std::lock_guard lock(mutex_);
  if (free_[size_class] == nullptr) collect_ended();
  if (free_[size_class] == nullptr) return make_block(size_class);
  return std::exchange(free_[size_class], free_[size_class]->next);
}

// Values whose ops were dropped before they arrived: nobody polls their events.
void ScalarSlots::collect_ended() {
  if (unended_ == nullptr) return;
  DeviceQueries queries(device_);
  Slot* next = nullptr;
  for (Slot* slot = std::exchange(unended_, nullptr); slot != nullptr; slot = next) {
    next = slot->next;
    const bool has_ended = queries.ask(context_, slot->event).completion != Completion::kNotYet;
    Slot*& list = has_ended ? free_[slot->size_class] : unended_;
    slot->next = std::exchange(list, slot);
  }
}

// The first slot of a new block; the others are free. nullptr if there are too many.
ScalarSlots::Slot* ScalarSlots::make_block(std::size_t size_class) {
  const std::size_t size = kLeastBytes << size_class;
  const std::size_t count = std::clamp<std::size_t>(kBlockBytes / size, 1, kBlockSlots);
  if (slots_ + count > kMostSlots || bytes_ + count * size > kMostBytes) return nullptr;
  blocks_.push_back(std::make_unique<Slot[]>(count));
  // In relaxed capture mode, as queries are: locking memory would break the capture of another thread.
  const DeviceQueries relaxed(device_);
  auto* const memory = static_cast<std::uint8_t*>(device_.lock_memory(count * size));
  if (memory == nullptr) {
    blocks_.pop_back();
    return nullptr;
  }
  slots_ += count;
  bytes_ += count * size;
  for (std::size_t i = 0; i < count; ++i) {
    Slot& slot = blocks_.back()[i];
    slot = {memory + i * size, device_.create_event(), size_class, nullptr};
    if (slot.event == 0) continue;
    slot.next = std::exchange(free_[size_class], &slot);
  }
  Slot* const first = free_[size_class];
  if (first != nullptr) free_[size_class] = first->next;
  return first;
}

void ScalarSlots::give_back(Slot* slot, bool has_ended) {
  const std::lock_guard lock(mutex_);
  Slot*& list = has_ended ? free_[slot->size_class] : unended_;
  slot->next = std::exchange(list, slot);
}

}  // namespace tickertape
