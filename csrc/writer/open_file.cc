// One open event file. L4.
#include "writer/open_file.h"

#include <utility>

namespace tickertape {

OpenFile::OpenFile(Backend& backend, SinkPlan plan, OnFull on_full)
    : backend_(backend), on_full_(on_full), channel_(backend.open(std::move(plan), name_)) {}

OpenFile::~OpenFile() { backend_.close(channel_); }

const Name& OpenFile::tag(std::string_view text) {
  const std::lock_guard<std::mutex> lock(tags_mutex_);
  const auto found = tags_.find(text);
  if (found != tags_.end()) return *found->second;
  Name* name = backend_.names().add_tag(*name_, text);
  tags_.emplace(name->text, name);
  return *name;
}

bool OpenFile::add_scalar(std::string_view tag, double value, std::int64_t step, double wall_time,
                          ScalarStyle style) {
  const Name& name = this->tag(tag);
  const bool accepted = push([&] { return try_add_scalar(name.id, value, step, wall_time, style); });
  if (accepted && !name.is_shared) flush();
  return accepted;
}

bool OpenFile::add_scalars(std::span<const TaggedScalar> scalars, std::int64_t step, double wall_time) {
  return add_op(OpKind::kSummary, *name_, scalars_summary_size(scalars), step, wall_time,
                [&](std::uint8_t* to) { write_scalars_summary(scalars, to); });
}

bool OpenFile::add_message(OpKind kind, Bytes message, std::int64_t step, double wall_time) {
  return add_op(kind, *name_, message.size(), step, wall_time, [&](std::uint8_t* to) {
    if (!message.empty()) std::memcpy(to, message.data(), message.size());
  });
}

// A place for an op whose body has `size` bytes; nullptr where the budget is used up.
ring_layout::OpHeader* OpenFile::reserve(OpKind kind, std::uint8_t flags, const Name& name,
                                         std::uint64_t size, std::int64_t step, double wall_time,
                                         const HeapPart& heap, bool& needs_attention) {
  OpRing& ring = backend_.ring();
  if (!heap.is_used)
    return ring.try_reserve(kind, flags, name.id, size, step, wall_time, channel_.pushed, needs_attention);
  if (!ring.take_heap(size)) return nullptr;
  ring_layout::OpHeader* op =
      ring.try_reserve(kind, flags | ring_layout::kBodyOnHeap, name.id, sizeof(ring_layout::HeapBody), step,
                       wall_time, channel_.pushed, needs_attention);
  if (op == nullptr) ring.give_heap_back(size);
  return op;
}

int OpenFile::sync() {
  const int error_number = flush();
  channel_.current_sink()->sync();
  return error_number;
}

}  // namespace tickertape
