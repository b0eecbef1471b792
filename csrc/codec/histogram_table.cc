// Builds the bit tables from the tensorflow edges and counts by them. L1.
#include "codec/histogram_table.h"

#include <cmath>
#include <limits>

#include "codec/histogram.h"

namespace tickertape::histogram_impl {
namespace {

// The least value of the type that is not below `edge`.
template <typename Value>
Value round_up(double edge) {
  const auto nearest = static_cast<Value>(edge);
  if (static_cast<double>(nearest) >= edge) return nearest;
  return std::nextafter(nearest, std::numeric_limits<Value>::infinity());
}

// The least value of the type that is above `edge`.
template <typename Value>
Value next_above(double edge) {
  const auto nearest = static_cast<Value>(edge);
  if (static_cast<double>(nearest) > edge) return nearest;
  return std::nextafter(nearest, std::numeric_limits<Value>::infinity());
}

}  // namespace

template <typename Value>
const BitTable<Value>& BitTable<Value>::instance() {
  static const BitTable table(tensorflow_edges());
  return table;
}

template <typename Value>
auto BitTable<Value>::pieces_between(std::span<const double> edges) -> Pieces {
  constexpr Bits kSign = Bits{1} << (8 * sizeof(Value) - 1);
  constexpr std::size_t kZeroEdge = kTensorflowEdges / 2;
  Pieces pieces;
  // Half-open bins: an edge starts the bin to its right; only the last edge still belongs to the bin on its
  // left.
  pieces.add(0, kZeroEdge);
  for (std::size_t i = kZeroEdge + 1; i < kTensorflowBins; ++i) {
    pieces.add(std::bit_cast<Bits>(round_up<Value>(edges[i])), i);
  }
  pieces.add(std::bit_cast<Bits>(next_above<Value>(edges[kTensorflowBins])), kOutsideSlot);
  // Negative values: bits grow away from zero. -0 equals the edge 0; anything beyond an edge is in the bin on
  // its left.
  pieces.add(kSign, kZeroEdge);
  pieces.add(kSign + 1, kZeroEdge - 1);
  for (std::size_t i = kZeroEdge; i-- > 0;) {
    const Bits first = kSign | std::bit_cast<Bits>(next_above<Value>(-edges[i]));
    pieces.add(first, i == 0 ? kOutsideSlot : i - 1);
  }
  return pieces;
}

template <typename Value>
BitTable<Value>::BitTable(std::span<const double> edges) {
  const Pieces pieces = pieces_between(edges);
  std::size_t piece = 0;
  std::size_t cells = 0;
  for (std::size_t key = 0; key < kKeys; ++key) {
    const Bits first = static_cast<Bits>(key) << kShift;
    const Bits last = first | ((Bits{1} << kShift) - 1);
    while (piece + 1 < pieces.size && pieces.list[piece + 1].first <= first) ++piece;
    const std::uint16_t slot = pieces.list[piece].slot;
    Cell cell{first, {slot, slot}};
    if (piece + 1 < pieces.size && pieces.list[piece + 1].first <= last) {
      cell = {pieces.list[piece + 1].first, {slot, pieces.list[piece + 1].slot}};
    } else {
      cell.threshold = 0;  // equal for every cell without an edge, so that neighbours share one
    }
    if (cells == 0 || cells_[cells - 1] != cell) cells_[cells++] = cell;
    cell_of_key_[key] = static_cast<std::uint16_t>(cells - 1);
  }
}

template class BitTable<float>;
template class BitTable<double>;

template <typename Value>
void SlotCounts::count_block(const Value* values, std::size_t count) {
  const auto& table = BitTable<Value>::instance();
  std::size_t i = 0;
  for (; i + kTables <= count; i += kTables) {
    for (std::size_t turn = 0; turn < kTables; ++turn) ++counts_[turn][table.slot(values[i + turn])];
  }
  for (; i < count; ++i) ++counts_[0][table.slot(values[i])];
}

void SlotCounts::add(const float* values, std::size_t count) { count_block(values, count); }
void SlotCounts::add(const double* values, std::size_t count) { count_block(values, count); }

std::array<std::uint64_t, kTensorflowBins> SlotCounts::bins() const {
  std::array<std::uint64_t, kTensorflowBins> sums{};
  for (const auto& table : counts_) {
    for (std::size_t i = 0; i < kTensorflowBins; ++i) sums[i] += table[i];
  }
  return sums;
}

}  // namespace tickertape::histogram_impl
