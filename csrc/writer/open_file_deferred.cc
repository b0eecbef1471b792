// Ops whose values come later: into the ring without them, and on to the device copies. L4.
#include <utility>

#include "writer/open_file.h"

namespace tickertape {
namespace {

std::unique_ptr<DeferredOp> deferred_op(const Name& name, std::size_t parts) {
  auto deferred = std::make_unique<DeferredOp>();
  deferred->name = &name;
  deferred->parts.reserve(parts);
  return deferred;
}

DeferredPart deferred_part(const DeferredNumber& number, DeferredPart::As as) {
  return {as, number.dtype, number.copy, number.data, nullptr, {}};
}

}  // namespace

// `fill(op, body)` writes what is known and says where the deferred parts go; it must not throw.
template <typename Fill>
bool OpenFile::push_deferred(OpKind kind, const Name& name, std::uint64_t size, std::int64_t step,
                             double wall_time, std::unique_ptr<DeferredOp> deferred, Fill fill) {
  OpRing& ring = backend_.ring();
  HeapPart heap;
  const auto move_to_heap = [&] {
    heap.bytes.reset(new std::uint8_t[size]);
    heap.is_used = true;
  };
  if (size > ring.max_body_size()) move_to_heap();
  return push([&] {
    bool needs_attention = false;
    const auto try_once = [&] {
      return reserve(kind, ring_layout::kDeferred, name, size, step, wall_time, heap, needs_attention);
    };
    ring_layout::OpHeader* op = try_once();
    if (op == nullptr && !heap.is_used && ring.head() == ring.tail()) {
      move_to_heap();  // as in add_op()
      op = try_once();
    }
    if (op == nullptr) return Pushed::kFull;
    deferred->op = op;
    if (heap.is_used) {
      const ring_layout::HeapBody body{heap.bytes.release(), size};
      std::memcpy(OpRing::body(op), &body, sizeof body);
      fill(*deferred, body.data);
    } else {
      fill(*deferred, OpRing::body(op));
    }
    backend_.waitlist().add(std::move(deferred));
    return needs_attention ? Pushed::kDoneNeedsAttention : Pushed::kDone;
  });
  // Without add_op()'s flush() for what no other process could bring home: that would wait for the device.
}

bool OpenFile::add_deferred_scalar(std::string_view tag, const DeferredNumber& number, std::int64_t step,
                                   double wall_time, ScalarStyle style) {
  const Name& name = this->tag(tag);
  auto deferred = deferred_op(name, 1);
  deferred->parts.push_back(deferred_part(number, DeferredPart::As::kHeader));
  return push_deferred(OpKind::kScalar, name, 0, step, wall_time, std::move(deferred),
                       [&](DeferredOp& op, std::uint8_t* /*body*/) { op.op->style = style; });
}

bool OpenFile::add_deferred_scalars(std::span<const TaggedScalar> scalars,
                                    std::span<const DeferredScalarAt> deferred, std::int64_t step,
                                    double wall_time) {
  auto waiting = deferred_op(*name_, deferred.size());
  for (const DeferredScalarAt& each : deferred)
    waiting->parts.push_back(deferred_part(each.number, DeferredPart::As::kFloat32));
  return push_deferred(OpKind::kSummary, *name_, scalars_summary_size(scalars), step, wall_time,
                       std::move(waiting), [&](DeferredOp& op, std::uint8_t* body) {
                         write_scalars_summary(scalars, body);
                         std::size_t known = 0;  // scalars whose place has been counted
                         for (std::size_t i = 0; i < deferred.size(); ++i) {
                           const std::size_t count = deferred[i].index + 1 - known;
                           body += scalars_summary_size(scalars.subspan(known, count));
                           known += count;
                           op.parts[i].to = body - sizeof(float);  // the value is the last of its message
                         }
                       });
}

bool OpenFile::add_deferred_body(OpKind kind, const Name& name, std::uint64_t size,
                                 std::vector<DeferredBlock> blocks, const std::shared_ptr<DeviceCopy>& copy,
                                 std::int64_t step, double wall_time,
                                 const std::function<void(std::uint8_t*)>& write_rest) {
  auto deferred = deferred_op(name, blocks.size());
  for (DeferredBlock& block : blocks) {
    deferred->parts.push_back(
        {DeferredPart::As::kArray, block.dtype, copy, block.data, nullptr, std::move(block.axes)});
  }
  return push_deferred(kind, name, size, step, wall_time, std::move(deferred),
                       [&](DeferredOp& op, std::uint8_t* body) {
                         write_rest(body);
                         for (std::size_t i = 0; i < blocks.size(); ++i) op.parts[i].to = body + blocks[i].at;
                       });
}

bool OpenFile::add_deferred_summary(Bytes summary, std::size_t at, const DeferredNumber& number,
                                    std::int64_t step, double wall_time, ScalarStyle style) {
  auto deferred = deferred_op(*name_, 1);
  const bool is_double = style == ScalarStyle::kDoubleTensor;
  deferred->parts.push_back(
      deferred_part(number, is_double ? DeferredPart::As::kFloat64 : DeferredPart::As::kFloat32));
  return push_deferred(OpKind::kSummary, *name_, summary.size(), step, wall_time, std::move(deferred),
                       [&](DeferredOp& op, std::uint8_t* body) {
                         std::memcpy(body, summary.data(), summary.size());
                         op.parts[0].to = body + at;
                       });
}

}  // namespace tickertape
