// Puts ops into the ring; a body for which the ring has no place goes to the heap. L4; every add_* of an open
// file ends here, except the hot path.
#pragma once

#include <cstdint>
#include <memory>

#include "drain/backend.h"
#include "event/op.h"
#include "queue/op_ring.h"

namespace tickertape {

// What a call does if the byte budget is used up.
enum class OnFull { kBlock, kDrop };

// What is in the header of an op besides its size.
struct OpHead {
  OpKind kind;
  const Name& name;  // a tag, or the writer's own name if the op has no tag
  std::int64_t step;
  double wall_time;
};

// What became of an op with a body.
enum class Placed {
  kInRing,
  kOnHeap,   // accepted, but it is lost if the process dies before it is in the file
  kDropped,  // the budget is used up, and OnFull says so or the process ends
  kNoPlace,  // only with UseHeap::kNever: the ring will never have a place for it
};
enum class UseHeap { kIfNeeded, kNever };

// Thread-safe.
class OpPusher {
 public:
  OpPusher(Backend& backend, Channel& channel, OnFull on_full)
      : backend_(backend), channel_(channel), on_full_(on_full) {}

  Backend& backend() const { return backend_; }

  // Calls `try_push()`, which returns Pushed, until it does not return kFull; waits for room in between, or
  // drops the op and returns false. Throws Interrupted.
  template <typename TryPush>
  bool push(TryPush try_push);

  // Pushes an op with a body of `size` bytes. `fill(op, body)` is called at most once, when the op has its
  // place: it writes the body and calls OpRing::finish(), or arranges that this is done later. It must not
  // throw. Throws Interrupted, std::bad_alloc.
  template <typename Fill>
  Placed push_body(const OpHead& head, std::uint8_t flags, std::uint64_t size, UseHeap use_heap, Fill fill);

 private:
  using HeapBytes = std::unique_ptr<std::uint8_t[]>;

  // Returns nullptr if there is no room now. Otherwise `body` is where the body goes: in the ring, or in
  // `heap`, which then belongs to the op.
  ring_layout::OpHeader* reserve(const OpHead& head, std::uint8_t flags, std::uint64_t size, HeapBytes& heap,
                                 std::uint8_t*& body, bool& needs_attention);

  Backend& backend_;
  Channel& channel_;
  const OnFull on_full_;
};

template <typename TryPush>
bool OpPusher::push(TryPush try_push) {
  for (;;) {
    const std::uint64_t seen_tail = backend_.ring().tail();
    const Pushed pushed = try_push();
    if (pushed == Pushed::kDone) return true;
    if (pushed == Pushed::kDoneNeedsAttention) {
      backend_.wake_or_drain();
      return true;
    }
    if (on_full_ == OnFull::kDrop || !backend_.wait_for_room(seen_tail)) {
      Counters::add(backend_.counters().events_dropped, 1);
      return false;
    }
  }
}

template <typename Fill>
Placed OpPusher::push_body(const OpHead& head, std::uint8_t flags, std::uint64_t size, UseHeap use_heap,
                           Fill fill) {
  OpRing& ring = backend_.ring();
  HeapBytes heap;
  Placed placed = Placed::kInRing;
  // False: the op may not go to the heap.
  const auto move_to_heap = [&] {
    if (use_heap == UseHeap::kNever) return false;
    heap.reset(new std::uint8_t[size]);
    placed = Placed::kOnHeap;
    return true;
  };
  if (size > ring.max_body_size() && !move_to_heap()) return Placed::kNoPlace;
  const bool accepted = push([&] {
    bool needs_attention = false;
    std::uint8_t* body = nullptr;
    ring_layout::OpHeader* op = reserve(head, flags, size, heap, body, needs_attention);
    if (op == nullptr && placed == Placed::kInRing && ring.head() == ring.tail()) {
      // The ring is empty, and there is no memory to make it larger: waiting would not help.
      if (!move_to_heap()) {
        placed = Placed::kNoPlace;
        return Pushed::kDone;
      }
      op = reserve(head, flags, size, heap, body, needs_attention);
    }
    if (op == nullptr) return Pushed::kFull;
    fill(op, body);
    ring.note_body_written();
    return needs_attention ? Pushed::kDoneNeedsAttention : Pushed::kDone;
  });
  return accepted ? placed : Placed::kDropped;
}

}  // namespace tickertape
