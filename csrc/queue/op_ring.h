// The op ring: what add_* accepted and no file has yet. L4.
//
// Producers push from any thread; one drainer at a time reads. try_push_scalar() is the hot path of the whole
// project.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/os/mapping.h"
#include "base/prefetch.h"
#include "event/op.h"
#include "queue/ring_layout.h"
#include "queue/spin_lock.h"

namespace tickertape {

// How a push went.
enum class Pushed {
  kDone,
  kDoneNeedsAttention,  // done, and the ring had something to look at: wake the drainer, ask for notices
  kFull,                // not done
};

class OpRing {
 public:
  // Takes a fresh mapping of at least mapping_bytes(capacity) and lays out the ring in it. `capacity` is a
  // power of two. Throws IoError where the first pages cannot be had.
  OpRing(SharedMapping mapping, std::uint64_t capacity, std::string library_version);

  static std::size_t mapping_bytes(std::uint64_t capacity);

  // Where the regions of the mapping are. The header says the same, but somebody may cut that off.
  struct Offsets {
    std::uint64_t slots, names, names_capacity, ring;
  };
  const Offsets& offsets() const { return offsets_; }

  // --- Producers
  // -------------------------------------------------------------------------------------------------

  // HOT PATH. One header, one lock, two releases; no system call, no allocation.
  // Stores the position behind the op to `pushed` (relaxed: it is read under no other order than the ring's
  // own).
  Pushed try_push_scalar(std::uint32_t name, ScalarStyle style, double value, std::int64_t step,
                         double wall_time, std::atomic<std::uint64_t>& pushed) {
    const std::lock_guard<SpinLock> lock(producers_);
    const bool slow = head_ + sizeof(ring_layout::OpHeader) > limit_.load(std::memory_order_relaxed);
    if (slow && !make_room(sizeof(ring_layout::OpHeader))) [[unlikely]]
      return Pushed::kFull;
    ring_layout::OpHeader* op = at(head_);
    prefetch_for_store(at(head_ + kPrefetchBytes));
    op->kind = OpKind::kScalar;
    op->style = style;
    op->flags = 0;
    op->name = name;
    op->value = value;
    op->step = step;
    op->wall_time = wall_time;
    op->state.store(ring_layout::OpHeader::kReady, std::memory_order_relaxed);  // ordered by head's release
    publish(head_ + sizeof(ring_layout::OpHeader), pushed);
    return slow ? Pushed::kDoneNeedsAttention : Pushed::kDone;
  }

  // Takes the next place for an op with a body of `body_size` bytes and fills its header; the place counts as
  // pending until finish() or cancel(). nullptr if there is no room now. `needs_attention` as
  // kDoneNeedsAttention above.
  ring_layout::OpHeader* try_reserve(OpKind kind, std::uint8_t flags, std::uint32_t name,
                                     std::uint64_t body_size, std::int64_t step, double wall_time,
                                     std::atomic<std::uint64_t>& pushed, bool& needs_attention);
  static std::uint8_t* body(ring_layout::OpHeader* op) { return reinterpret_cast<std::uint8_t*>(op + 1); }
  static void finish(ring_layout::OpHeader* op) {
    op->state.store(ring_layout::OpHeader::kReady, std::memory_order_release);
  }
  static void cancel(ring_layout::OpHeader* op) {
    op->state.store(ring_layout::OpHeader::kCancelled, std::memory_order_release);
  }

  // To be called once for each try_reserve(), when its caller has written what it writes to the body.
  void note_body_written() { bodies_in_progress_.fetch_sub(1, std::memory_order_release); }  // see move_to()

  // Ops accepted so far.
  std::uint64_t accepted() {
    const std::lock_guard<SpinLock> lock(producers_);
    return accepted_;
  }

  // The largest body that will ever find room; larger ones go to the heap.
  std::uint64_t max_body_size() const { return capacity_ / 4; }

  // A guess, good enough to decide whether to get ready for a wait.
  bool probably_has_room(std::uint64_t body_size) const {
    return head() - tail() + 2 * body_size < capacity_ / 2;
  }

  // Counts a body on the heap against the budget; false where that is used up. One alone may always be there.
  bool take_heap(std::uint64_t size) {
    std::uint64_t taken = heap_bytes_.load(std::memory_order_relaxed);
    do {
      if (taken != 0 && taken + size > capacity_) return false;
    } while (!heap_bytes_.compare_exchange_weak(taken, taken + size, std::memory_order_relaxed));
    return true;
  }
  void give_heap_back(std::uint64_t size) {
    std::uint64_t taken = heap_bytes_.load(std::memory_order_relaxed);
    // mend() may have forgotten it.
    while (
        !heap_bytes_.compare_exchange_weak(taken, taken - std::min(taken, size), std::memory_order_relaxed)) {
    }
  }
  std::uint64_t heap_bytes() const { return heap_bytes_.load(std::memory_order_relaxed); }

  // Makes the next push go needs_attention, so that its caller looks for notices.
  void request_attention();

  // --- The drainer
  // -----------------------------------------------------------------------------------------------

  std::uint64_t head() const { return header_->head.load(std::memory_order_acquire); }
  std::uint64_t tail() const { return tail_.load(std::memory_order_acquire); }  // pairs with release()
  // Everything before `position` is in its file: the room may be used again.
  void release(std::uint64_t position) {
    tail_.store(position, std::memory_order_release);
    // For recovery, which would find zeros before a cut.
    header_->tail.store(std::max(position, mended_from_), std::memory_order_release);
  }

  // Where everything is in its file and the ring has come far, goes on at its front, so that what is pushed
  // next meets memory that was touched before; gives the position from which the drainer goes on. All of the
  // ring is free then: with a pad to pass by, only what lies before the pad would be until the drainer comes.
  std::optional<std::uint64_t> start_over();

  // Gives memory back that a burst has left, a piece at a time, once the ring has not needed it for a while;
  // true while it has more than it keeps. For an idle moment; `now_ns` is monotonic_ns().
  bool trim(std::int64_t now_ns);

  // Moves everything to the file of `fresh`, a new mapping of the same size, at the address where it is now:
  // pointers into the ring stay valid. Afterwards `fresh` has the old file, without a mapping. Returns false
  // if there is no room, or if a body is being written just now; then nothing has changed. `names_bytes` of
  // the name log are in use. The caller holds every lock under which others store to the mapping, except for
  // the ring's own.
  bool move_to(SharedMapping& fresh, std::uint64_t names_bytes);

  // --- If somebody cuts the ring's file off (SharedMapping::cuts())

  // True if ops may be gone that mend() has not told of. To be asked after head(): then what was published
  // before is in question, and nothing later.
  bool is_cut() const { return mapping_.cuts_begun() != mended_cuts_; }
  // The same, and looks at the file: what was read from the ring before is true if this returns false.
  bool find_cut();

  // What was accepted before `position` may be gone: `accepted` ops since the ring was made.
  struct Cut {
    std::uint64_t position;
    std::uint64_t accepted;
  };
  // Restores the header; the caller restores slots and names, and forgets the ops. Returns nothing if that
  // has to wait, because a body is being written. Locks as for move_to().
  std::optional<Cut> mend();

  // The position of an op that is not released yet.
  std::uint64_t position_of(const ring_layout::OpHeader* op) const;

  ring_layout::OpHeader* at(std::uint64_t position) {
    return reinterpret_cast<ring_layout::OpHeader*>(ring_ + (position & (capacity_ - 1)));
  }

  // The commit slot of a writer; nullptr if its memory cannot be had.
  ring_layout::CommitSlot* slot(std::uint32_t index);

  ring_layout::RingHeader& header() { return *header_; }
  SharedMapping& mapping() { return mapping_; }
  std::uint64_t capacity() const { return capacity_; }

 private:
  void publish(std::uint64_t head, std::atomic<std::uint64_t>& pushed) {
    ++accepted_;
    head_ = head;
    pushed.store(head, std::memory_order_relaxed);
    header_->head.store(head, std::memory_order_release);
  }
  // 16 scalars ahead. Lines that another core has read, or that are out of the cache, would keep the next
  // push's lock waiting for this one's stores: 76 ns a call, 66 with this (measured between rounds of other
  // work).
  static constexpr std::uint64_t kPrefetchBytes = 512;

  static Offsets offsets_of(std::uint64_t capacity);
  void write_header();
  void note_cuts();
  bool make_room(std::uint64_t size);
  bool back_with_memory(std::uint64_t up_to);
  void start_next_lap();

  SharedMapping mapping_;
  const Offsets offsets_;
  ring_layout::RingHeader* header_ = nullptr;
  std::uint8_t* ring_;
  std::uint64_t capacity_;
  const std::string library_version_;
  std::uint32_t slots_backed_ = 0;
  // Both under the drain lock: what mend() has told of.
  std::uint32_t mended_cuts_ = 0;
  std::uint64_t mended_from_ = 0;
  std::atomic<std::uint32_t> bodies_in_progress_{0};
  std::atomic<std::uint64_t> heap_bytes_{0};  // relaxed: a count, the bodies are ordered by the ring
  // What header_->tail says, which somebody may cut off.
  std::atomic<std::uint64_t> tail_{0};

  // Under producers_; a line of their own, because the drainer reads ring_ and capacity_ for each op:
  alignas(ring_layout::kCacheLine) SpinLock producers_;
  std::uint64_t head_ = 0;
  // Pushes that end before it need no look at the drainer's side. Relaxed: a handler of SIGBUS stores 0.
  std::atomic<std::uint64_t> limit_{0};
  std::uint64_t backed_ = 0;  // bytes of the region that have memory, from its start
  std::uint64_t accepted_ = 0;
  std::uint64_t needed_ = 0;        // how much of `backed_` was in use since trim() last looked
  std::int64_t busy_until_ns_ = 0;  // when trim() last saw more in use than the ring keeps
  std::uint64_t refused_at_tail_ = ~std::uint64_t{0};  // where the tail was when there was no more memory
  std::uint32_t noted_cuts_ = 0;
  Cut cut_{0, 0};  // of the last one noted
};

}  // namespace tickertape
