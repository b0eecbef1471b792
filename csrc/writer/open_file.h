// One open event file: turns calls of add_* into ops. L4; the facade opens it, and it is closed when its last
// holder releases it.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
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
#include "event/op.h"
#include "event/op_body.h"
#include "event/scalars_summary.h"
#include "event/tag_kind.h"
#include "writer/deferred_ops.h"
#include "writer/op_pusher.h"

namespace tickertape {

// What a writer does about trouble with the disk.
enum class OnError { kWarn, kRaise };

// Thread-safe. Held by shared_ptr: a call that runs keeps the file open, and the backend finishes the file
// when the last holder releases it. A forked child must not touch its parent's object, not even to destroy
// it.
//
// Each add_* returns when the op is in the ring; it waits for room if it has to, and returns false if the op
// was dropped as OnFull says. Throws Interrupted, std::bad_alloc.
class OpenFile {
 public:
  OpenFile(Backend& backend, SinkPlan plan, OnFull on_full)
      : backend_(backend), channel_(backend.open(std::move(plan))), pusher_(backend, channel_, on_full) {}
  // Closes without waiting: the backend finishes the file.
  ~OpenFile() { backend_.close(channel_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  // The file that is written to now: it changes if somebody deletes the file.
  std::string path() const { return channel_.current_sink()->path(); }
  Backend& backend() const { return backend_; }
  // See Sink::set_size_limit(). A file that is begun because this one is lost has no limit.
  void set_size_limit(std::uint64_t bytes) { channel_.current_sink()->set_size_limit(bytes); }

  // The name of a tag; valid as long as this object. Leaves a notice at the first use of a tag that breaks
  // TensorBoard's page, and if the tag has had data of another kind.
  const Name& tag(std::string_view text, TagKind kind);
  // The id of a tag's name; of the file's own name if there is no tag, or if it was never used.
  std::uint32_t name_id(std::optional<std::string_view> tag);

  // HOT PATH; the name must be shared. kFull: nothing was done.
  Pushed try_add_scalar(std::uint32_t name, double value, std::int64_t step, double wall_time,
                        ScalarStyle style) {
    return backend_.ring().try_push_scalar(name, style, value, step, wall_time, channel_.pushed);
  }

  bool add_scalar(std::string_view tag, double value, std::int64_t step, double wall_time, ScalarStyle style);

  // Many scalars in one Event.
  bool add_scalars(std::span<const TaggedScalar> scalars, std::int64_t step, double wall_time);

  // A serialised Summary or Event (kSummary, kEvent).
  bool add_message(OpKind kind, Bytes message, std::int64_t step, double wall_time);

  // An op with a body (event/op.h). Arrays are copied before it returns.
  template <typename Body>
  bool add(OpKind kind, std::string_view tag, const Body& body, std::int64_t step, double wall_time) {
    return add_op({kind, this->tag(tag, tag_kind(kind, body)), step, wall_time}, body_size(body),
                  [&](std::uint8_t* to) { write_body(body, to); });
  }

  // The same, but the arrays are read where they are, after this has returned: `owner` keeps them there,
  // unchanged, and is destroyed by the thread that is done with them. Such an op is lost if
  // the process dies before it is in the file. Throws ArgumentError for an array that is not contiguous.
  template <typename Body>
  bool add_in_place(OpKind kind, std::string_view tag, const Body& body, std::shared_ptr<const void> owner,
                    std::int64_t step, double wall_time);

  // --- Values that are still on a device (deferred_ops.h)

  bool add_deferred_scalar(std::string_view tag, const DeferredNumber& number, std::int64_t step,
                           double wall_time, ScalarStyle style) {
    return push_deferred_scalar(
        pusher_, {OpKind::kScalar, this->tag(tag, TagKind::kScalars), step, wall_time}, number, style);
  }
  bool add_deferred_scalars(std::span<const TaggedScalar> scalars, std::span<const DeferredScalarAt> deferred,
                            std::int64_t step, double wall_time) {
    return push_deferred_scalars(pusher_, {OpKind::kSummary, *channel_.name, step, wall_time}, scalars,
                                 deferred);
  }
  bool add_deferred_summary(Bytes summary, std::size_t at, const DeferredNumber& number, std::int64_t step,
                            double wall_time, ScalarStyle style) {
    return push_deferred_summary(pusher_, {OpKind::kSummary, *channel_.name, step, wall_time}, summary, at,
                                 number, style);
  }
  template <typename Body>
  bool add_deferred(OpKind kind, std::string_view tag, const Body& body,
                    const std::shared_ptr<DeviceCopy>& copy, std::int64_t step, double wall_time);

  // --- Waiting

  // Returns 0 when every op accepted before is in the file and visible to a reader, otherwise the error
  // number of what keeps it out (the op stays queued). If there is nothing new: one comparison.
  int flush(DeferredValues deferred = DeferredValues::kLeave) { return backend_.flush(channel_, deferred); }
  // flush(), and what was written is on the disk. Throws IoError.
  int sync();

  // The error that keeps its ops out of the file for now, if its writer raises such errors; otherwise 0.
  int error_to_raise() const {
    return channel_.raises ? channel_.error_number.load(std::memory_order_relaxed) : 0;
  }

 private:
  template <typename Write>
  bool add_op(const OpHead& head, std::uint64_t size, Write write);
  void look_at_tags(std::span<const TaggedScalar> scalars);

  Backend& backend_;
  Channel& channel_;
  OpPusher pusher_;
  // Bit n: the tags of an add_scalars() of n values (63: or more) were looked at. A training loop logs a few
  // sets of tags again and again, so nearly every tag is in the first call of its size, and later calls cost
  // one test. Relaxed: two threads may look at the same tags.
  std::atomic<std::uint64_t> sizes_looked_at_{0};
  std::mutex tags_mutex_;
  struct Tag {
    Name* name;
    TagKind kind;
    bool is_told = false;  // that it has data of several kinds
  };
  std::unordered_map<std::string_view, Tag> tags_;  // under tags_mutex_; keys point into the names
};

template <typename Write>
bool OpenFile::add_op(const OpHead& head, std::uint64_t size, Write write) {
  const Placed placed = pusher_.push_body(head, 0, size, UseHeap::kIfNeeded,
                                          [&](ring_layout::OpHeader* op, std::uint8_t* body) {
                                            write(body);
                                            OpRing::finish(op);
                                          });
  if (placed == Placed::kDropped) return false;
  // Another process could not recover it, so it is in the file before the call returns.
  if (placed == Placed::kOnHeap || !head.name.is_shared) flush();
  return true;
}

template <typename Body>
bool OpenFile::add_in_place(OpKind kind, std::string_view tag, const Body& body,
                            std::shared_ptr<const void> owner, std::int64_t step, double wall_time) {
  using ring_layout::InPlaceOwner;
  InPlaceSizer sizer;
  Body(body).layout(sizer);
  auto kept = std::make_unique<InPlaceOwner>();
  kept->object = std::move(owner);
  const Placed placed = pusher_.push_body(
      {kind, this->tag(tag, tag_kind(kind, body)), step, wall_time}, ring_layout::kInPlace,
      sizeof(std::uintptr_t) + sizer.size(), UseHeap::kNever,
      [&](ring_layout::OpHeader* op, std::uint8_t* to) {
        const auto address = std::bit_cast<std::uintptr_t>(kept.release());  // the sequencer deletes it
        std::memcpy(to, &address, sizeof address);
        InPlaceWriter writer(to + sizeof address);
        Body(body).layout(writer);
        OpRing::finish(op);
      });
  // kNoPlace: memory is short, or the body is too large even without its arrays (millions of bin edges).
  return placed == Placed::kNoPlace ? add(kind, tag, body, step, wall_time) : placed != Placed::kDropped;
}

// The arrays of `body` are read when `copy` has ended.
template <typename Body>
bool OpenFile::add_deferred(OpKind kind, std::string_view tag, const Body& body,
                            const std::shared_ptr<DeviceCopy>& copy, std::int64_t step, double wall_time) {
  DeferredBodySizer sizer;
  Body(body).layout(sizer);
  std::vector<DeferredBlock> blocks = sizer.take_blocks();
  if (blocks.empty()) return add(kind, tag, body, step, wall_time);  // nothing to wait for
  const OpHead head{kind, this->tag(tag, tag_kind(kind, body)), step, wall_time};
  return push_deferred_body(pusher_, head, sizer.size(), std::move(blocks), copy, [&](std::uint8_t* to) {
    DeferredBodyWriter writer(to);
    Body(body).layout(writer);
  });
}

}  // namespace tickertape
