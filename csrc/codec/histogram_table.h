// From the bits of a value to its bin among the tensorflow edges: one table look-up and one comparison. L1,
// for the histogram alone.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace tickertape::histogram_impl {

// 774 edges on either side of 0 (see tensorflow_edges).
inline constexpr std::size_t kTensorflowEdges = 1549;
inline constexpr std::size_t kTensorflowBins = kTensorflowEdges - 1;

// Where a value goes: a bin, or kOutsideSlot for what lies outside the edges or is not finite.
inline constexpr std::size_t kOutsideSlot = kTensorflowBins;
inline constexpr std::size_t kSlots = kTensorflowBins + 1;

// Sign, exponent and the four leading bits of the fraction choose a cell. Neighbouring cells start at most
// 1/16 apart, edges 1/10: so no more than one edge lies within a cell, and one comparison with it is exact.
// `Value` is float or double, whose edges are the doubles' rounded up to the next value of that type.
template <typename Value>
class BitTable {
 public:
  using Bits = std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t>;

  // Built at the first call; trivially destructible, for threads may still count while the process exits.
  static const BitTable& instance();

  std::size_t slot(Value value) const {
    const Bits bits = std::bit_cast<Bits>(value);
    const Cell& cell = cells_[cell_of_key_[bits >> kShift]];
    return cell.slots[bits >= cell.threshold ? 1 : 0];
  }

 private:
  static constexpr int kFractionBits = 4;
  static constexpr int kExponentBits = sizeof(Value) == 4 ? 8 : 11;
  static constexpr int kShift = static_cast<int>(8 * sizeof(Value)) - 1 - kExponentBits - kFractionBits;
  static constexpr std::size_t kKeys = std::size_t{1} << (1 + kExponentBits + kFractionBits);
  // Each edge and each slot between two edges makes at most one new cell on each side of it; the rest repeat.
  static constexpr std::size_t kMaxCells = 2 * kTensorflowEdges + 16;

  // Values whose bits are below the threshold go to slots[0], the others to slots[1].
  struct Cell {
    Bits threshold;
    std::array<std::uint16_t, 2> slots;
    bool operator==(const Cell&) const = default;
  };

  // Values whose bits are at least `first`, up to the next piece's, go to `slot`.
  struct Piece {
    Bits first;
    std::uint16_t slot;
  };
  // 774 edges, outside, and the bins next to zero, for either sign.
  static constexpr std::size_t kMaxPieces = kTensorflowEdges + 8;
  struct Pieces {
    std::array<Piece, kMaxPieces> list;
    std::size_t size = 0;
    void add(Bits first, std::size_t slot) { list[size++] = {first, static_cast<std::uint16_t>(slot)}; }
  };

  explicit BitTable(std::span<const double> edges);
  static Pieces pieces_between(std::span<const double> edges);

  std::array<std::uint16_t, kKeys> cell_of_key_;
  std::array<Cell, kMaxCells> cells_;
};

// Counts values by slot, in several tables that take turns: equal values in a row then wait less for each
// other.
class SlotCounts {
 public:
  void add(const float* values, std::size_t count);
  void add(const double* values, std::size_t count);

  // How many values went to each bin.
  std::array<std::uint64_t, kTensorflowBins> bins() const;

 private:
  template <typename Value>
  void count_block(const Value* values, std::size_t count);

  static constexpr std::size_t kTables = 4;
  std::array<std::array<std::uint64_t, kSlots>, kTables> counts_{};
};

}  // namespace tickertape::histogram_impl
