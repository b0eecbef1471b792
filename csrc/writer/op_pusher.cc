// Places for ops. L4.
#include "writer/op_pusher.h"

#include <cstring>

namespace tickertape {

using namespace ring_layout;

OpHeader* OpPusher::reserve(const OpHead& head, std::uint8_t flags, std::uint64_t size, HeapBytes& heap,
                            std::uint8_t*& body, bool& needs_attention) {
  OpRing& ring = backend_.ring();
  const bool is_on_heap = heap != nullptr;
  if (is_on_heap && !ring.take_heap(size)) return nullptr;
  OpHeader* op = ring.try_reserve(
      head.kind, is_on_heap ? static_cast<std::uint8_t>(flags | kBodyOnHeap) : flags, head.name.id,
      is_on_heap ? sizeof(HeapBody) : size, head.step, head.wall_time, channel_.pushed, needs_attention);
  if (!is_on_heap) {
    if (op != nullptr) body = OpRing::body(op);
    return op;
  }
  if (op == nullptr) {
    ring.give_heap_back(size);
    return nullptr;
  }
  const HeapBody part{heap.release(), size};
  std::memcpy(OpRing::body(op), &part, sizeof part);
  body = part.data;
  return op;
}

}  // namespace tickertape
