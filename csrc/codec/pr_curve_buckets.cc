// Fills the buckets: by counting where that is exact, else by adding weights in NumPy's order. L1.
#include "codec/pr_curve_buckets.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "codec/array_block.h"
#include "codec/pr_curve.h"

namespace tickertape::pr_curve_impl {
namespace {

// `value` rounded to the eleven significant bits of float16, ties to even. For finite values within float16's
// range; numbers below 2^-14, where float16 has fewer bits, keep eleven: their floor is 0 anyhow.
float round_to_float16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x0fffU + ((bits >> 13) & 1U)) & ~0x1fffU);
}

// p * (thresholds - 1) in the predictions' own precision. `Value` is what with_block() makes of them: their
// own type, or one that holds the product exactly; bfloat16, which NumPy does not know, counts as float32.
template <typename Value>
Value scaled(Value p, Value steps, bool is_float16) {
  if constexpr (std::is_same_v<Value, float>) return is_float16 ? round_to_float16(p * steps) : p * steps;
  return p * steps;
}

// Writes the threshold index of each prediction, all of which lie in [0, 1].
template <typename Value>
void find_indices(const Value* predictions, std::size_t count, bool is_float16, std::size_t thresholds,
                  std::int32_t* indices) {
  const auto steps = static_cast<Value>(thresholds - 1);
  for (std::size_t i = 0; i < count; ++i) {
    indices[i] = static_cast<std::int32_t>(scaled(predictions[i], steps, is_float16));
  }
}

// The bits of the value 1; 0 is all zeros in every type.
std::uint64_t bits_of_one(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return 0x3c00;
    case DType::kBfloat16:
      return 0x3f80;
    case DType::kFloat32:
      return std::bit_cast<std::uint32_t>(1.0F);
    case DType::kFloat64:
      return std::bit_cast<std::uint64_t>(1.0);
    default:
      return 1;
  }
}

// Adds `offset` to the indices of labels that are 1; false if one of them is neither 0 nor 1. One bit of the
// label decides, and no comparison that the compiler might make a branch: it would be guessed wrongly half of
// the time.
template <typename Bits>
bool move_positives(ArrayView labels, std::size_t from, std::size_t count, std::int32_t offset,
                    std::int32_t* indices) {
  const auto* elements = static_cast<const std::uint8_t*>(labels.data) + from * sizeof(Bits);
  const auto one = static_cast<Bits>(bits_of_one(labels.dtype));
  const int bit = std::countr_zero(one);
  Bits other = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Bits label;
    std::memcpy(&label, elements + i * sizeof(Bits), sizeof(Bits));
    const auto positive =
        static_cast<Bits>(Bits{0} - (static_cast<Bits>(label >> bit) & Bits{1}));  // all ones
    other = static_cast<Bits>(other | (label ^ (positive & one)));
    indices[i] += static_cast<std::int32_t>(positive) & offset;
  }
  return other == 0;
}

bool move_positives(ArrayView labels, std::size_t from, std::size_t count, std::int32_t offset,
                    std::int32_t* indices) {
  switch (item_size(labels.dtype)) {
    case 1:
      return move_positives<std::uint8_t>(labels, from, count, offset, indices);
    case 2:
      return move_positives<std::uint16_t>(labels, from, count, offset, indices);
    case 4:
      return move_positives<std::uint32_t>(labels, from, count, offset, indices);
    default:
      return move_positives<std::uint64_t>(labels, from, count, offset, indices);
  }
}

// As in histogram_table.h, tables take turns, so that equal predictions in a row wait less for each other.
constexpr std::size_t kCountTables = 4;

// Counts indices in kCountTables tables of `size` each.
void count_indices(const std::int32_t* indices, std::size_t count, std::size_t size, std::uint64_t* tables) {
  const auto count_in = [&](std::size_t table, std::size_t i) {
    ++tables[table * size + static_cast<std::size_t>(indices[i])];
  };
  std::size_t i = 0;
  for (; i + kCountTables <= count; i += kCountTables) {
    count_in(0, i);
    count_in(1, i + 1);
    count_in(2, i + 2);
    count_in(3, i + 3);
  }
  for (; i < count; ++i) count_in(0, i);
}

// Without weights, and with labels of 0 and 1 only, all sums are whole numbers, the same in any order.
// Nothing if it is not so, or a prediction lies outside [0, 1].
std::optional<Buckets> count_buckets(ArrayView labels, ArrayView predictions, std::size_t thresholds) {
  // Up to here float16, too, holds every whole number: p * (thresholds - 1) cannot be rounded past the last
  // index.
  constexpr std::size_t kMaxThresholds = 2048;
  if (thresholds > kMaxThresholds || first_outside_unit_interval(predictions)) return std::nullopt;
  std::vector<std::uint64_t> counts(kCountTables * 2 * thresholds);
  std::array<std::int32_t, kBlockSize> indices;
  for (std::size_t from = 0; from < predictions.size; from += kBlockSize) {
    const std::size_t count = std::min(kBlockSize, predictions.size - from);
    with_block(predictions, from, count, [&](const auto* block, std::size_t size) {
      find_indices(block, size, predictions.dtype == DType::kFloat16, thresholds, indices.data());
    });
    const auto positives = static_cast<std::int32_t>(thresholds);
    if (!move_positives(labels, from, count, positives, indices.data())) return std::nullopt;
    count_indices(indices.data(), count, 2 * thresholds, counts.data());
  }
  Buckets buckets(thresholds);
  for (std::size_t table = 0; table < kCountTables; ++table) {
    const std::uint64_t* negative = counts.data() + table * 2 * thresholds;
    for (std::size_t i = 0; i < thresholds; ++i) {
      buckets.negative[i] += static_cast<double>(negative[i]);
      buckets.positive[i] += static_cast<double>(negative[thresholds + i]);
    }
  }
  return buckets;
}

// Adds the elements [from, from + count), at most kBlockSize, to `buckets`.
void add_block(ArrayView labels, ArrayView predictions, ArrayView weights, std::size_t from,
               std::size_t count, Buckets& buckets) {
  std::array<double, kBlockSize> label;
  std::array<double, kBlockSize> place;
  std::array<double, kBlockSize> weight;
  convert_elements(labels, from, count, label.data());
  if (weights.size == 0) {
    std::fill_n(weight.data(), count, 1.0);
  } else {
    convert_elements(weights, from, count, weight.data());
  }
  const std::size_t thresholds = buckets.positive.size();
  with_block(predictions, from, count, [&]<typename Value>(const Value* block, std::size_t size) {
    const auto steps = static_cast<Value>(thresholds - 1);
    const bool is_float16 = predictions.dtype == DType::kFloat16;
    for (std::size_t i = 0; i < size; ++i)
      place[i] = static_cast<double>(scaled(block[i], steps, is_float16));
  });
  for (std::size_t i = 0; i < count; ++i) {
    // What the caller should have refused is dropped, as torch does, rather than written out of bounds.
    if (!(place[i] >= 0 && place[i] < static_cast<double>(thresholds))) continue;
    const auto index = static_cast<std::size_t>(place[i]);
    buckets.positive[index] += label[i] * weight[i];
    buckets.negative[index] += (1.0 - label[i]) * weight[i];
  }
}

Buckets add_buckets(ArrayView labels, ArrayView predictions, ArrayView weights, std::size_t thresholds) {
  // numpy.histogram adds in turns of this many elements (BLOCK in numpy/lib/_histograms_impl.py); with
  // weights the order shows in the last bits.
  constexpr std::size_t kNumpyBlock = 65536;
  static_assert(kNumpyBlock % kBlockSize == 0);
  Buckets total(thresholds);
  for (std::size_t start = 0; start < predictions.size; start += kNumpyBlock) {
    Buckets part(thresholds);
    const std::size_t end = std::min(start + kNumpyBlock, predictions.size);
    for (std::size_t from = start; from < end; from += kBlockSize) {
      add_block(labels, predictions, weights, from, std::min(kBlockSize, end - from), part);
    }
    for (std::size_t i = 0; i < thresholds; ++i) {
      total.positive[i] += part.positive[i];
      total.negative[i] += part.negative[i];
    }
  }
  return total;
}

}  // namespace

Buckets fill_buckets(ArrayView labels, ArrayView predictions, ArrayView weights, std::size_t thresholds) {
  if (weights.size == 0) {
    if (auto counted = count_buckets(labels, predictions, thresholds)) return *std::move(counted);
  }
  return add_buckets(labels, predictions, weights, thresholds);
}

}  // namespace tickertape::pr_curve_impl
