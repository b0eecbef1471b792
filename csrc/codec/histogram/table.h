// Maps the bits of a value to its bin among the tensorflow edges: one table look-up and two additions. L1,
// private to histogram/.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace tickertape::histogram_impl {

// Edges on either side of 0: the number of times that 1e-12 can be multiplied by 1.1 before it reaches 1e20
// (see tensorflow_edges()).
inline constexpr std::size_t kEdgesASide = 774;
inline constexpr std::size_t kTensorflowEdges = 2 * kEdgesASide + 1;
inline constexpr std::size_t kTensorflowBins = kTensorflowEdges - 1;

// The bits of all values, as unsigned integers, fall into pieces, in this order: the bins from 0 upwards, the
// values beyond the last edge (also Inf and NaN), -0, the bins from 0 downwards, the values beyond the first
// edge.
inline constexpr std::size_t kPieces = 2 * kEdgesASide + 3;

// `Value` is float or double. The key of a value is its sign, its exponent and the four leading bits of its
// fraction. Neighbouring keys start at most a factor of 1 + 1/16 apart, edges a factor of 1.1. So at most one
// piece starts within a key.
template <typename Value>
class PieceTable {
 public:
  using Bits = std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t>;

  // Built at the first call. Trivially destructible, because threads may still count while the process exits.
  static const PieceTable& instance();

  // The addend changes the key to the piece of the key's first value. Its lower bits carry 1 into the result
  // if the value's lower bits reach the start of the next piece.
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

// Counts values by bin. Consecutive values use different tables, so that equal values in sequence wait less
// for each other's increment.
class BinCounts {
 public:
  void add(const float* values, std::size_t count);
  void add(const double* values, std::size_t count);

  // Adds the counts of `other`.
  void add(BinCounts& other);

  // The number of values in each bin.
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
