// Ops whose values come later: into the ring without them, and on to the arrivals. L4.
#include <utility>

#include "pipeline/open_file.h"

namespace tickertape {
namespace {

std::unique_ptr<LateOp> late_op(const Name& name, std::size_t parts) {
  auto late = std::make_unique<LateOp>();
  late->name = &name;
  late->parts.reserve(parts);
  return late;
}

LatePart late_part(const LateNumber& number, LatePart::As as) {
  return {as, number.dtype, number.arrival, number.data, nullptr, {}};
}

}  // namespace

// `fill(op, body)` writes what is known and says where the late parts go; it must not throw.
template <typename Fill>
bool OpenFile::push_late(OpKind kind, const Name& name, std::uint64_t size, std::int64_t step,
                         double wall_time, std::unique_ptr<LateOp> late, Fill fill) {
  OpRing& ring = backend_.ring();
  HeapPart heap;
  const auto move_to_heap = [&] {
    heap.bytes.reset(new std::uint8_t[size]);
    heap.is_used = true;
  };
  if (size > ring.max_body_size()) move_to_heap();
  return push([&] {
    bool slowly = false;
    const auto try_once = [&] {
      return reserve(kind, ring_layout::kLate, name, size, step, wall_time, heap, slowly);
    };
    ring_layout::OpHeader* op = try_once();
    if (op == nullptr && !heap.is_used && ring.head() == ring.tail()) {
      move_to_heap();  // as in add_op()
      op = try_once();
    }
    if (op == nullptr) return Pushed::kFull;
    late->op = op;
    if (heap.is_used) {
      const ring_layout::HeapBody body{heap.bytes.release(), size};
      std::memcpy(OpRing::body(op), &body, sizeof body);
      fill(*late, body.data);
    } else {
      fill(*late, OpRing::body(op));
    }
    backend_.arrivals().add(std::move(late));
    return slowly ? Pushed::kDoneSlowly : Pushed::kDone;
  });
  // Without add_op()'s flush() for what no other process could bring home: that would wait for the device.
}

bool OpenFile::add_late_scalar(std::string_view tag, const LateNumber& number, std::int64_t step,
                               double wall_time, ScalarStyle style) {
  const Name& name = this->tag(tag);
  auto late = late_op(name, 1);
  late->parts.push_back(late_part(number, LatePart::As::kHeader));
  return push_late(OpKind::kScalar, name, 0, step, wall_time, std::move(late),
                   [&](LateOp& op, std::uint8_t* /*body*/) { op.op->style = style; });
}

bool OpenFile::add_late_scalars(std::span<const TaggedScalar> scalars, std::span<const LateScalarAt> late,
                                std::int64_t step, double wall_time) {
  auto waiting = late_op(*name_, late.size());
  for (const LateScalarAt& each : late)
    waiting->parts.push_back(late_part(each.number, LatePart::As::kFloat32));
  return push_late(OpKind::kSummary, *name_, scalars_summary_size(scalars), step, wall_time,
                   std::move(waiting), [&](LateOp& op, std::uint8_t* body) {
                     write_scalars_summary(scalars, body);
                     std::size_t known = 0;  // scalars whose place has been counted
                     for (std::size_t i = 0; i < late.size(); ++i) {
                       const std::size_t count = late[i].index + 1 - known;
                       body += scalars_summary_size(scalars.subspan(known, count));
                       known += count;
                       op.parts[i].to = body - sizeof(float);  // the value is the last of its message
                     }
                   });
}

bool OpenFile::add_late_body(OpKind kind, const Name& name, std::uint64_t size, std::vector<LateBlock> blocks,
                             const std::shared_ptr<Arrival>& arrival, std::int64_t step, double wall_time,
                             const std::function<void(std::uint8_t*)>& write_rest) {
  auto late = late_op(name, blocks.size());
  for (LateBlock& block : blocks) {
    late->parts.push_back(
        {LatePart::As::kArray, block.dtype, arrival, block.data, nullptr, std::move(block.axes)});
  }
  return push_late(kind, name, size, step, wall_time, std::move(late), [&](LateOp& op, std::uint8_t* body) {
    write_rest(body);
    for (std::size_t i = 0; i < blocks.size(); ++i) op.parts[i].to = body + blocks[i].at;
  });
}

bool OpenFile::add_late_summary(Bytes summary, std::size_t at, const LateNumber& number, std::int64_t step,
                                double wall_time, ScalarStyle style) {
  auto late = late_op(*name_, 1);
  const bool is_double = style == ScalarStyle::kDoubleTensor;
  late->parts.push_back(late_part(number, is_double ? LatePart::As::kFloat64 : LatePart::As::kFloat32));
  return push_late(OpKind::kSummary, *name_, summary.size(), step, wall_time, std::move(late),
                   [&](LateOp& op, std::uint8_t* body) {
                     std::memcpy(body, summary.data(), summary.size());
                     op.parts[0].to = body + at;
                   });
}

}  // namespace tickertape
