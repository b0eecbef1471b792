// Positives and negatives by threshold index, as compute_curve's two weighted histograms. L1, for the PR
// curve alone.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "array/array.h"
#include "base/bytes.h"
#include "codec/pr_curve/pack.h"

namespace tickertape::pr_curve_impl {

struct Buckets {
  explicit Buckets(std::size_t thresholds) : positive(thresholds), negative(thresholds) {}
  std::vector<double> positive;
  std::vector<double> negative;
};

// What pr_curve() takes, checked; the sums are numpy.histogram's to the last bit.
Buckets fill_buckets(ArrayView labels, ArrayView predictions, ArrayView weights, std::size_t thresholds);

// pack_predictions() for the elements [from, from + count).
bool pack_elements(ArrayView labels, ArrayView predictions, std::size_t from, std::size_t count,
                   std::size_t thresholds, std::uint8_t* to);

// Counts packed predictions; whole numbers, so in any order.
class PackedCounts {
 public:
  void add(Bytes packed);
  Buckets buckets(std::size_t thresholds) const;

 private:
  static constexpr std::size_t kBytes = 256;
  std::array<std::uint64_t, kBytes> counts_{};
};

// `value` rounded to the eleven significant bits of float16, ties to even. For finite values within float16's
// range; numbers below 2^-14, where float16 has fewer bits, keep eleven: their floor is 0 anyhow.
inline float round_to_float16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x0fffU + ((bits >> 13) & 1U)) & ~0x1fffU);
}

// A prediction by threshold: its place is p * (thresholds - 1) in the predictions' own precision. `Value` is
// what with_block() makes of them: their own type, or one that holds the product exactly; bfloat16, which
// NumPy does not know, counts as float32.
template <typename Value>
Scale<Value> scale_of(DType dtype, std::size_t thresholds) {
  return {static_cast<Value>(thresholds - 1), dtype == DType::kFloat16};
}
template <typename Value>
Value scaled(Value prediction, Scale<Value> scale) {
  const Value product = prediction * scale.steps;
  if constexpr (std::is_same_v<Value, float>) return scale.is_float16 ? round_to_float16(product) : product;
  return product;
}

}  // namespace tickertape::pr_curve_impl
