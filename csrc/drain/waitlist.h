// Ops whose values are still on their way from a device: they have their place in the ring, and get their
// values here. L4; producers add, the backend polls.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "device/device_copy.h"
#include "drain/counters.h"
#include "queue/notices.h"
#include "queue/op_ring.h"

namespace tickertape {

struct Name;

// One place in an op, and where in its copy's memory the content comes from.
struct DeferredPart {
  enum class As : std::uint8_t { kHeader, kFloat32, kFloat64, kArray };
  As as = As::kHeader;
  DType dtype = DType::kFloat32;
  std::shared_ptr<DeviceCopy> copy;
  const void* from = nullptr;
  std::uint8_t* to = nullptr;        // in the op's body; kHeader: the header's value
  std::vector<std::ptrdiff_t> axes;  // kArray: the shape, then the strides in bytes

  ArraySource source() const;
};

// An op that waits for its parts.
struct DeferredOp {
  ring_layout::OpHeader* op = nullptr;
  const Name* name = nullptr;
  std::vector<DeferredPart> parts;
  std::size_t parts_here = 0;  // the first ones
  std::unique_ptr<DeferredOp> next;
};

class Waitlist {
 public:
  Waitlist(OpRing& ring, Notices& notices, Counters& counters, double timeout_seconds)
      : ring_(ring),
        notices_(notices),
        counters_(counters),
        timeout_ns_(static_cast<std::int64_t>(timeout_seconds * 1e9)) {}

  // Takes an op that was reserved, with at least one part. Any thread; a leaf lock.
  void add(std::unique_ptr<DeferredOp> deferred) noexcept;

  // Ops that wait just now.
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  bool any() const { return count() != 0; }
  // True if some wait for a complete(), as far as poll() has seen.
  bool any_without_device() const { return any_without_device_.load(std::memory_order_relaxed); }

  // --- Under the drain lock

  // Gives ops what has arrived; drops those whose values never will, with a notice. Throws std::bad_alloc;
  // then nothing is lost, and the next call goes on.
  void poll();
  // Drops all that still wait and gives their number.
  std::uint64_t give_up();
  // Forgets the ops before `position`, which are gone.
  void forget_before(std::uint64_t position) noexcept;

 private:
  // Ops in the order in which they were added.
  struct Queue {
    Queue() = default;
    Queue(Queue&&) = default;
    Queue& operator=(Queue&&) = default;
    ~Queue();  // one after the other: the destructor of a long chain would run out of stack

    std::unique_ptr<DeferredOp> first;
    DeferredOp* last = nullptr;

    void push(std::unique_ptr<DeferredOp> deferred);
    std::unique_ptr<DeferredOp> pop();
  };
  using Key = std::pair<Device*, std::uint64_t>;
  enum class Progress { kWaits, kWaitsElsewhere, kComplete, kFailed };

  static Key key_of(const DeferredOp& deferred);
  void sort_in();
  void poll_queue(const Key& key, Queue& queue);
  Progress advance(DeferredOp& deferred, const Key& key, DeviceQueries* queries);
  void put(const DeferredOp& deferred, const DeferredPart& part);
  void drop(const DeferredOp& deferred, const std::string& why);
  template <typename MakeText>
  void tell(const DeferredOp& deferred, MakeText make_text) noexcept;

  OpRing& ring_;
  Notices& notices_;
  Counters& counters_;
  const std::int64_t timeout_ns_;
  std::atomic<bool> any_without_device_{false};  // relaxed: a hint
  std::atomic<std::uint64_t> count_{0};          // relaxed: a hint; what was added is found under mutex_

  std::mutex mutex_;
  Queue added_;  // under mutex_

  std::map<Key, Queue> queues_;  // under the drain lock
};

}  // namespace tickertape
