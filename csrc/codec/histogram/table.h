// From the bits of a value to its bin among the tensorflow edges: one table look-up, two additions. L1, for
// the histogram alone.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace tickertape::histogram_impl {

// Edges on either side of 0: how often 1e-12 can be multiplied by 1.1 before it reaches 1e20 (see
// tensorflow_edges).
inline constexpr std::size_t kEdgesASide = 774;
inline constexpr std::size_t kTensorflowEdges = 2 * kEdgesASide + 1;
inline constexpr std::size_t kTensorflowBins = kTensorflowEdges - 1;

// The bits of all values, as unsigned numbers, fall into pieces: first the bins from 0 upwards, then what is
// beyond the last edge (Inf and NaN too); then -0, the bins from 0 downwards, and what is beyond the first
// edge.
inline constexpr std::size_t kPieces = 2 * kEdgesASide + 3;

// `Value` is float or double. Sign, exponent and the four leading bits of the fraction are the key of a
// value. Neighbouring keys start at most 1/16 apart, edges 1/10: so no more than one piece starts within a
// key.
template <typename Value>
class PieceTable {
 public:
  using Bits = std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t>;

  // Built at the first call; trivially destructible, for threads may still count while the process exits.
  static const PieceTable& instance();

  // The addend moves the key to the piece that holds its first value, and its lower bits carry one over where
  // a value's lower bits reach the next piece's.
  std::size_t piece(Value value) const {
    const Bits bits = std::bit_cast<Bits>(value);
    return (bits + addends_[bits >> kShift]) >> kShift;
  }

 private:
  static constexpr int kKeyBits = 1 + (sizeof(Value) == 4 ? 8 : 11) + 4;
  static constexpr int kShift = static_cast<int>(8 * sizeof(Value)) - kKeyBits;

  explicit PieceTable(std::span<const double> edges);
  // The bits with which each piece starts, ascending.
  static std::array<Bits, kPieces> starts(std::span<const double> edges);

  std::array<Bits, std::size_t{1} << kKeyBits> addends_;
};

// Counts values by bin, in several tables that take turns: equal values in a row then wait less for each
// other.
class BinCounts {
 public:
  void add(const float* values, std::size_t count);
  void add(const double* values, std::size_t count);

  // Takes what another one has counted.
  void add(BinCounts& other);

  // How many values went to each bin.
  const std::array<std::uint64_t, kTensorflowBins>& bins();

 private:
  template <typename Value>
  void count_block(const Value* values, std::size_t count);
  void empty_tables();

  static constexpr std::size_t kTables = 4;
  std::array<std::array<std::uint32_t, kPieces>, kTables> tables_{};
  std::uint64_t in_tables_ = 0;
  std::array<std::uint64_t, kTensorflowBins> bins_{};
};

}  // namespace tickertape::histogram_impl
