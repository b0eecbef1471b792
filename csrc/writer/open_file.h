// One event file while it is open: what a call of add_* becomes an op with. L4; the facade opens it, the last
// user of it closes it.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "drain/backend.h"
#include "drain/waitlist.h"
#include "event/op.h"
#include "event/op_body.h"
#include "event/scalars_summary.h"

namespace tickertape {

// What a call does when the byte budget is used up.
enum class OnFull { kBlock, kDrop };

// What a writer does about trouble with the disk.
enum class OnError { kWarn, kRaise };

// A value of many that is still on its way.
struct DeferredScalarAt {
  std::size_t index;
  DeferredNumber number;
};

// Thread-safe. Held by shared_ptr: whoever is inside a call keeps the file open, and once the last holder
// lets go the backend finishes it. In a forked child nothing of it may be touched, not even to destroy it.
class OpenFile {
 public:
  OpenFile(Backend& backend, SinkPlan plan, OnFull on_full);
  // Closes without waiting: the backend finishes the file.
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  // Where it is written to now: another file where somebody deleted the one there was.
  std::string path() const { return channel_.current_sink()->path(); }
  Backend& backend() const { return backend_; }

  // The name of a tag; good as long as this object.
  const Name& tag(std::string_view text);

  // HOT PATH; the name must be shared. kFull: nothing was done.
  Pushed try_add_scalar(std::uint32_t name, double value, std::int64_t step, double wall_time,
                        ScalarStyle style) {
    return backend_.ring().try_push_scalar(name, style, value, step, wall_time, channel_.pushed);
  }

  // The rest wait for room where they have to, and give false where the op was dropped as OnFull says.
  bool add_scalar(std::string_view tag, double value, std::int64_t step, double wall_time, ScalarStyle style);
  // Many scalars in one Event.
  bool add_scalars(std::span<const TaggedScalar> scalars, std::int64_t step, double wall_time);
  // An op with a body (event/op.h). Arrays are copied before it returns.
  template <typename Body>
  bool add(OpKind kind, std::string_view tag, const Body& body, std::int64_t step, double wall_time) {
    return add_op(kind, this->tag(tag), body_size(body), step, wall_time,
                  [&](std::uint8_t* to) { write_body(body, to); });
  }
  // The same with values that are still on their way; none of these waits for them. Such an op has its place
  // in the order like any other and what follows it in the file waits for it (drain/waitlist.h). It dies
  // with the process as long as its values are not here.
  bool add_deferred_scalar(std::string_view tag, const DeferredNumber& number, std::int64_t step,
                           double wall_time, ScalarStyle style);
  // `scalars` in one Event; those that `deferred` names by their index get their values later.
  bool add_deferred_scalars(std::span<const TaggedScalar> scalars, std::span<const DeferredScalarAt> deferred,
                            std::int64_t step, double wall_time);
  // A serialised Summary of one scalar whose value, at byte `at`, comes later (encode_described_scalar()).
  bool add_deferred_summary(Bytes summary, std::size_t at, const DeferredNumber& number, std::int64_t step,
                            double wall_time, ScalarStyle style);

  // An op with a body, whose arrays are read when `copy` is here.
  template <typename Body>
  bool add_deferred(OpKind kind, std::string_view tag, const Body& body,
                    const std::shared_ptr<DeviceCopy>& copy, std::int64_t step, double wall_time) {
    DeferredBodySizer sizer;
    Body(body).layout(sizer);
    std::vector<DeferredBlock> blocks = sizer.take_blocks();
    if (blocks.empty()) return add(kind, tag, body, step, wall_time);  // nothing to wait for
    return add_deferred_body(kind, this->tag(tag), sizer.size(), std::move(blocks), copy, step, wall_time,
                             [&](std::uint8_t* to) {
                               DeferredBodyWriter writer(to);
                               Body(body).layout(writer);
                             });
  }

  // An op with a body whose arrays are read where they are, after this has returned: `owner`
  // keeps them there, unchanged, and is let go by whatever thread is done with them. Such an op dies with the
  // process as long as it is not in the file. Throws ArgumentError for an array that is not contiguous.
  template <typename Body>
  bool add_in_place(OpKind kind, std::string_view tag, const Body& body, std::shared_ptr<const void> owner,
                    std::int64_t step, double wall_time) {
    InPlaceSizer sizer;
    Body(body).layout(sizer);
    const auto write = [&](std::uint8_t* to) {
      InPlaceWriter writer(to);
      Body(body).layout(writer);
    };
    const std::optional<bool> accepted =
        push_in_place(kind, this->tag(tag), sizer.size(), step, wall_time, std::move(owner), write);
    return accepted ? *accepted : add(kind, tag, body, step, wall_time);
  }

  // A serialised Summary or Event (kSummary, kEvent).
  bool add_message(OpKind kind, Bytes message, std::int64_t step, double wall_time);

  // Returns 0 when every op accepted before is in the file and visible to a reader, or the error number of
  // what keeps it out (it stays queued). Nothing new: one comparison.
  int flush(DeferredValues deferred = DeferredValues::kLeave) { return backend_.flush(channel_, deferred); }
  // flush(), and what was written is on the disk. Throws IoError.
  int sync();

  // What keeps its ops out of the file just now: 0, or an error number that its writer shall raise.
  int error_to_raise() const {
    return channel_.raises ? channel_.error_number.load(std::memory_order_relaxed) : 0;
  }

 private:
  template <typename Write>
  bool add_op(OpKind kind, const Name& name, std::uint64_t size, std::int64_t step, double wall_time,
              Write write);
  template <typename TryPush>
  bool push(TryPush try_push);

  // The body of an op that is too large for the ring.
  struct HeapPart {
    bool is_used = false;
    std::unique_ptr<std::uint8_t[]> bytes;
  };
  ring_layout::OpHeader* reserve(OpKind kind, std::uint8_t flags, const Name& name, std::uint64_t size,
                                 std::int64_t step, double wall_time, const HeapPart& heap,
                                 bool& needs_attention);
  bool add_deferred_body(OpKind kind, const Name& name, std::uint64_t size, std::vector<DeferredBlock> blocks,
                         const std::shared_ptr<DeviceCopy>& copy, std::int64_t step, double wall_time,
                         const std::function<void(std::uint8_t*)>& write_rest);
  // False where the op was dropped; nothing where there will be no room for it in the ring.
  std::optional<bool> push_in_place(OpKind kind, const Name& name, std::uint64_t size, std::int64_t step,
                                    double wall_time, std::shared_ptr<const void> owner,
                                    const std::function<void(std::uint8_t*)>& write_body);
  template <typename Fill>
  bool push_deferred(OpKind kind, const Name& name, std::uint64_t size, std::int64_t step, double wall_time,
                     std::unique_ptr<DeferredOp> deferred, Fill fill);

  Backend& backend_;
  const OnFull on_full_;
  Name* name_ = nullptr;
  Channel& channel_;
  std::mutex tags_mutex_;
  std::unordered_map<std::string_view, Name*> tags_;  // under tags_mutex_; keys point into the names
};

// Tries until there is room, or drops as the file was told.
template <typename TryPush>
bool OpenFile::push(TryPush try_push) {
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

template <typename Write>
bool OpenFile::add_op(OpKind kind, const Name& name, std::uint64_t size, std::int64_t step, double wall_time,
                      Write write) {
  OpRing& ring = backend_.ring();
  HeapPart heap;
  const auto move_to_heap = [&] {
    heap.bytes.reset(new std::uint8_t[size]);
    write(heap.bytes.get());
    heap.is_used = true;
  };
  if (size > ring.max_body_size()) move_to_heap();
  const bool accepted = push([&] {
    bool needs_attention = false;
    ring_layout::OpHeader* op = reserve(kind, 0, name, size, step, wall_time, heap, needs_attention);
    if (op == nullptr && !heap.is_used && ring.head() == ring.tail()) {
      // The ring is empty, and there is no memory to make it larger: waiting would not help.
      move_to_heap();
      op = reserve(kind, 0, name, size, step, wall_time, heap, needs_attention);
    }
    if (op == nullptr) return Pushed::kFull;
    if (heap.is_used) {
      const ring_layout::HeapBody body{heap.bytes.release(), size};
      std::memcpy(OpRing::body(op), &body, sizeof body);
    } else {
      write(OpRing::body(op));
    }
    OpRing::finish(op);
    return needs_attention ? Pushed::kDoneNeedsAttention : Pushed::kDone;
  });
  // What no other process could bring home is in the file before the call returns.
  if (accepted && (heap.is_used || !name.is_shared)) flush();
  return accepted;
}

}  // namespace tickertape
