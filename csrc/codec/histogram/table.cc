// Builds the piece tables from the tensorflow edges, and counts values with them. L1; part of the histogram.
#include "codec/histogram/table.h"

#include <cmath>
#include <limits>

#include "codec/histogram/histogram.h"

namespace tickertape::histogram_impl {
namespace {

// The smallest value of the type that is not below `edge`.
template <typename Value>
Value round_up(double edge) {
  const auto nearest = static_cast<Value>(edge);
  if (static_cast<double>(nearest) >= edge) return nearest;
  return std::nextafter(nearest, std::numeric_limits<Value>::infinity());
}

// The smallest value of the type that is above `edge`.
template <typename Value>
Value next_above(double edge) {
  const auto nearest = static_cast<Value>(edge);
  if (static_cast<double>(nearest) > edge) return nearest;
  return std::nextafter(nearest, std::numeric_limits<Value>::infinity());
}

}  // namespace

template <typename Value>
const PieceTable<Value>& PieceTable<Value>::instance() {
  static const PieceTable table(tensorflow_edges());
  return table;
}

template <typename Value>
auto PieceTable<Value>::starts(std::span<const double> edges) -> std::array<Bits, kPieces> {
  constexpr Bits kSign = Bits{1} << (8 * sizeof(Value) - 1);
  const std::span<const double> above_zero = edges.subspan(kEdgesASide + 1);
  std::array<Bits, kPieces> starts{};
  std::size_t piece = 1;  // the first starts at 0
  // Bins are half-open, so an edge starts the bin on its right. Only the last edge belongs to the last bin.
  for (const double edge : above_zero.first(kEdgesASide - 1)) {
    starts[piece++] = std::bit_cast<Bits>(round_up<Value>(edge));
  }
  starts[piece++] = std::bit_cast<Bits>(next_above<Value>(above_zero.back()));
  // Below 0, larger bits mean smaller values: there the mirrored edges end their bins. -0 equals the edge 0.
  starts[piece++] = kSign;
  starts[piece++] = kSign + 1;
  for (const double edge : above_zero) starts[piece++] = kSign | std::bit_cast<Bits>(next_above<Value>(edge));
  return starts;
}

template <typename Value>
PieceTable<Value>::PieceTable(std::span<const double> edges) {
  const std::array<Bits, kPieces> starts = PieceTable::starts(edges);
  std::size_t piece = 0;
  for (std::size_t key = 0; key < addends_.size(); ++key) {
    const Bits first = static_cast<Bits>(key) << kShift;
    while (piece + 1 < kPieces && starts[piece + 1] <= first) ++piece;
    addends_[key] = (static_cast<Bits>(piece) << kShift) - first;
    if (piece + 1 == kPieces) continue;
    const Bits next = starts[piece + 1] - first;
    constexpr Bits kKeySize = Bits{1} << kShift;
    if (next < kKeySize) addends_[key] += kKeySize - next;
  }
}

template <typename Value>
void BinCounts::count_block(const Value* values, std::size_t count) {
  // Consecutive values use different tables, so no counter exceeds this number before the tables are emptied.
  constexpr std::uint64_t kMaxInTables = std::numeric_limits<std::uint32_t>::max();
  if (in_tables_ + count > kMaxInTables) empty_tables();
  in_tables_ += count;
  const auto& table = PieceTable<Value>::instance();
  auto& [first, second, third, fourth] = tables_;
  std::size_t i = 0;
  for (; i + kTables <= count; i += kTables) {
    // All four look-ups come before the first store, because the compiler must assume that a store changes
    // the table.
    const std::size_t pieces[kTables] = {table.piece(values[i]), table.piece(values[i + 1]),
                                         table.piece(values[i + 2]), table.piece(values[i + 3])};
    ++first[pieces[0]];
    ++second[pieces[1]];
    ++third[pieces[2]];
    ++fourth[pieces[3]];
  }
  for (; i < count; ++i) ++first[table.piece(values[i])];
}

void BinCounts::add(const float* values, std::size_t count) { count_block(values, count); }
void BinCounts::add(const double* values, std::size_t count) { count_block(values, count); }

void BinCounts::empty_tables() {
  std::array<std::uint64_t, kPieces> sums{};
  for (auto& table : tables_) {
    for (std::size_t i = 0; i < kPieces; ++i) sums[i] += table[i];
    table.fill(0);
  }
  in_tables_ = 0;
  constexpr std::size_t kMinusZero = kEdgesASide + 1;
  bins_[kEdgesASide] += sums[kMinusZero];
  for (std::size_t i = 0; i < kEdgesASide; ++i) {
    bins_[kEdgesASide + i] += sums[i];
    bins_[kEdgesASide - 1 - i] += sums[kMinusZero + 1 + i];
  }
}

void BinCounts::add(BinCounts& other) {
  other.empty_tables();
  for (std::size_t i = 0; i < bins_.size(); ++i) bins_[i] += other.bins_[i];
}

const std::array<std::uint64_t, kTensorflowBins>& BinCounts::bins() {
  empty_tables();
  return bins_;
}

}  // namespace tickertape::histogram_impl
