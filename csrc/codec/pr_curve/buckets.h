// Positives and negatives by threshold index, like the two weighted histograms of torch's compute_curve. L1,
// private to pr_curve/.
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

// Takes the checked arguments of pr_curve(). The sums equal numpy.histogram's to the last bit.
Buckets fill_buckets(ArrayView labels, ArrayView predictions, ArrayView weights, std::size_t thresholds);

// pack_predictions() for the elements [from, from + count).
bool pack_elements(ArrayView labels, ArrayView predictions, std::size_t from, std::size_t count,
                   std::size_t thresholds, std::uint8_t* to);

// Counts packed predictions. The counts are integers, so the order does not matter.
class PackedCounts {
 public:
  void add(Bytes packed);
  Buckets buckets(std::size_t thresholds) const;

 private:
  static constexpr std::size_t kBytes = 256;
  std::array<std::uint64_t, kBytes> counts_{};
};

// Rounds `value` to float16's eleven significant bits, ties to even. `value` must be finite and within
// float16's range. Below 2^-14, where float16 has fewer bits, the result keeps eleven; this is harmless,
// because its floor is 0.
inline float round_to_float16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x0fffU + ((bits >> 13) & 1U)) & ~0x1fffU);
}

// The position of a prediction among the thresholds is p * (thresholds - 1), computed in the predictions' own
// precision. `Value` is the type that with_block() passes: their own type, or one that holds the product
// exactly. bfloat16, which NumPy does not have, is computed in float32.
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
