// Ops whose arrays stay where the caller has them. L4.
#include <bit>
#include <cstring>
#include <utility>

#include "writer/open_file.h"

namespace tickertape {

std::optional<bool> OpenFile::push_in_place(OpKind kind, const Name& name, std::uint64_t size,
                                            std::int64_t step, double wall_time,
                                            std::shared_ptr<const void> owner,
                                            const std::function<void(std::uint8_t*)>& write_body) {
  using ring_layout::InPlaceOwner;
  OpRing& ring = backend_.ring();
  size += sizeof(std::uintptr_t);
  if (size > ring.max_body_size()) return std::nullopt;  // edges by the million
  auto kept = std::make_unique<InPlaceOwner>();
  kept->object = std::move(owner);
  bool may_fit = true;
  const bool accepted = push([&] {
    bool needs_attention = false;
    ring_layout::OpHeader* op = ring.try_reserve(kind, ring_layout::kInPlace, name.id, size, step, wall_time,
                                                 channel_.pushed, needs_attention);
    if (op == nullptr) {
      may_fit = ring.head() != ring.tail();  // else waiting would not help
      return may_fit ? Pushed::kFull : Pushed::kDone;
    }
    const auto address = std::bit_cast<std::uintptr_t>(kept.release());  // the sequencer deletes it
    std::memcpy(OpRing::body(op), &address, sizeof address);
    write_body(OpRing::body(op) + sizeof address);
    OpRing::finish(op);
    return needs_attention ? Pushed::kDoneNeedsAttention : Pushed::kDone;
  });
  return may_fit ? std::optional(accepted) : std::nullopt;
}

}  // namespace tickertape
