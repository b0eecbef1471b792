// Ops whose values come later. L4.
#include "writer/deferred_ops.h"

#include <cstring>
#include <utility>

#include "drain/waitlist.h"

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

// `fill(deferred, body)` writes what is known and sets where the deferred parts go; it must not throw.
template <typename Fill>
bool push_deferred(OpPusher& pusher, const OpHead& head, std::uint64_t size,
                   std::unique_ptr<DeferredOp> deferred, Fill fill) {
  const Placed placed = pusher.push_body(head, ring_layout::kDeferred, size, UseHeap::kIfNeeded,
                                         [&](ring_layout::OpHeader* op, std::uint8_t* body) {
                                           deferred->op = op;
                                           fill(*deferred, body);
                                           pusher.backend().waitlist().add(std::move(deferred));
                                         });
  // No flush() for a body on the heap: it would wait for the device.
  return placed != Placed::kDropped;
}

}  // namespace

bool push_deferred_scalar(OpPusher& pusher, const OpHead& head, const DeferredNumber& number,
                          ScalarStyle style) {
  auto deferred = deferred_op(head.name, 1);
  deferred->parts.push_back(deferred_part(number, DeferredPart::As::kHeader));
  return push_deferred(pusher, head, 0, std::move(deferred),
                       [&](DeferredOp& waiting, std::uint8_t* /*body*/) { waiting.op->style = style; });
}

bool push_deferred_scalars(OpPusher& pusher, const OpHead& head, std::span<const TaggedScalar> scalars,
                           std::span<const DeferredScalarAt> deferred) {
  auto waiting = deferred_op(head.name, deferred.size());
  for (const DeferredScalarAt& each : deferred)
    waiting->parts.push_back(deferred_part(each.number, DeferredPart::As::kFloat32));
  return push_deferred(pusher, head, scalars_summary_size(scalars), std::move(waiting),
                       [&](DeferredOp& op, std::uint8_t* body) {
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

bool push_deferred_summary(OpPusher& pusher, const OpHead& head, Bytes summary, std::size_t at,
                           const DeferredNumber& number, ScalarStyle style) {
  auto deferred = deferred_op(head.name, 1);
  const bool is_double = style == ScalarStyle::kDoubleTensor;
  deferred->parts.push_back(
      deferred_part(number, is_double ? DeferredPart::As::kFloat64 : DeferredPart::As::kFloat32));
  return push_deferred(pusher, head, summary.size(), std::move(deferred),
                       [&](DeferredOp& op, std::uint8_t* body) {
                         std::memcpy(body, summary.data(), summary.size());
                         op.parts[0].to = body + at;
                       });
}

bool push_deferred_body(OpPusher& pusher, const OpHead& head, std::size_t size,
                        std::vector<DeferredBlock> blocks, const std::shared_ptr<DeviceCopy>& copy,
                        const std::function<void(std::uint8_t*)>& write_rest) {
  auto deferred = deferred_op(head.name, blocks.size());
  for (DeferredBlock& block : blocks) {
    deferred->parts.push_back(
        {DeferredPart::As::kArray, block.dtype, copy, block.data, nullptr, std::move(block.axes)});
  }
  return push_deferred(pusher, head, size, std::move(deferred), [&](DeferredOp& op, std::uint8_t* body) {
    write_rest(body);
    for (std::size_t i = 0; i < blocks.size(); ++i) op.parts[i].to = body + blocks[i].at;
  });
}

}  // namespace tickertape
