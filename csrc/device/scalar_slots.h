// Page-locked memory for scalars on their way from one device, each piece with an event. L1; the bindings
// copy into it, and the waitlist polls the copies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "device/device_copy.h"

namespace tickertape {

// Memory is locked in blocks, because locking takes the driver 100 us and more, and may make it wait for the
// device. A slot is used again when nobody needs its copy. Thread-safe. Never destroyed: a copy may end at
// any time until the process has ended.
class ScalarSlots {
 public:
  // A context of `device`, whose memory the copies read. It stays valid as long as the process uses the
  // device.
  ScalarSlots(Device& device, std::uintptr_t context) : device_(device), context_(context) {}
  ScalarSlots(const ScalarSlots&) = delete;
  ScalarSlots& operator=(const ScalarSlots&) = delete;

  // One copy to the host. `memory` has the sources one after another, each at a multiple of kAlignment.
  struct Sent {
    std::shared_ptr<DeviceCopy> copy;
    const std::uint8_t* memory = nullptr;
  };
  struct Source {
    std::uintptr_t address;  // in the device's memory
    std::size_t bytes;
  };
  static constexpr std::size_t kAlignment = 8;
  static constexpr std::size_t aligned(std::size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }

  // Enqueues copies of `sources` on `stream`, then an event. Waits for no device. No copy if too many are
  // under way, or if the driver reports an error. Throws std::bad_alloc.
  Sent send(std::span<const Source> sources, std::uintptr_t stream);

  // Whether `stream` is being captured into a graph: then nothing can be sent. True also if that is unknown.
  bool is_capturing(std::uintptr_t stream);
  // False in a forked child, which must not use the device.
  bool is_of_this_process() const { return process_ == process_id(); }

 private:
  struct Slot {
    std::uint8_t* memory;
    std::uintptr_t event;
    std::size_t size_class;
    Slot* next;
  };
  class SlotCopy;

  // Copies that may be under way, and their bytes, so that memory and events are bounded. A stream accepts
  // about 1,000 launches before its caller has to wait, so scalars stay far below.
  static constexpr std::size_t kMostSlots = std::size_t{1} << 16;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 28;
  // Slots and bytes of a block.
  static constexpr std::size_t kBlockSlots = 128;
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
  // Slots of class c have kLeastBytes << c bytes: 16 bytes to 1 MiB.
  static constexpr std::size_t kLeastBytes = 16;
  static constexpr std::size_t kClasses = 17;

  Slot* take(std::size_t bytes);
  Slot* make_block(std::size_t size_class);
  void collect_ended();
  void give_back(Slot* slot, bool has_ended);

  Device& device_;
  const std::uintptr_t context_;
  const std::uint32_t process_ = process_id();
  std::mutex mutex_;                    // for all below; no other lock is taken under it
  std::array<Slot*, kClasses> free_{};  // lists
  Slot* unended_ = nullptr;             // list of slots to which the device may still write
  std::size_t slots_ = 0;               // made
  std::size_t bytes_ = 0;               // locked
  std::vector<std::unique_ptr<Slot[]>> blocks_;
};

}  // namespace tickertape
