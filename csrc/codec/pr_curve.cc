// Precision-recall curves: the check that the caller waits for, and the counts that it does not. L1.
#include "codec/pr_curve.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/error.h"
#include "codec/array_block.h"

namespace tickertape {
namespace {

// Sixteen-byte vectors of GCC's and Clang's kind: every processor of ours has registers for them, and one
// element costs a quarter of a nanosecond, so wider ones would not show.
template <typename T>
struct VectorOf {
  typedef T Type __attribute__((vector_size(16)));
};

template <typename T>
bool outside(T value) {
  return !(value >= T{0} && value <= T{1});
}

template <typename T, typename Outside>
std::optional<std::size_t> find_outside(const T* values, std::size_t from, std::size_t size,
                                        Outside is_outside) {
  for (std::size_t i = from; i < size; ++i) {
    if (is_outside(values[i])) return i;
  }
  return std::nullopt;
}

// Where a group of elements from which one may lie outside starts; the size rounded down where none does.
template <typename T>
std::size_t skip_inside(const T* values, std::size_t size) {
  using Vector = typename VectorOf<T>::Type;
  constexpr std::size_t kWidth = 16 / sizeof(T);
  constexpr std::size_t kGroup = 8 * kWidth;
  std::size_t at = 0;
  for (; at + kGroup <= size; at += kGroup) {
    auto inside = Vector{} == Vector{};
    for (std::size_t i = 0; i < kGroup; i += kWidth) {
      Vector value;
      std::memcpy(&value, values + at + i, sizeof value);
      inside &= (value >= T{0}) & (value <= T{1});
    }
    std::uint64_t halves[2];
    std::memcpy(halves, &inside, sizeof halves);
    if ((halves[0] & halves[1]) != ~std::uint64_t{0}) break;
  }
  return at;
}

template <typename T>
std::optional<std::size_t> first_outside(ArrayView predictions) {
  const auto* values = static_cast<const T*>(predictions.data);
  return find_outside(values, skip_inside(values, predictions.size), predictions.size, outside<T>);
}

// Bits of a number in [0, 1] are at most those of 1, unless it is -0; NaN lies above.
template <std::uint16_t kOne>
std::optional<std::size_t> first_outside_half(ArrayView predictions) {
  return find_outside(static_cast<const std::uint16_t*>(predictions.data), 0, predictions.size,
                      [](std::uint16_t bits) { return bits > kOne && bits != 0x8000U; });
}

// `value` rounded to the eleven significant bits of float16, ties to even. For finite values within float16's
// range; numbers below 2^-14, where float16 has fewer bits, keep eleven: their floor is 0 anyhow.
float round_to_float16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x0fffU + ((bits >> 13) & 1U)) & ~0x1fffU);
}

// Multiplies values of `dtype` by thresholds - 1 in their own precision. bfloat16, which NumPy does not know,
// counts as float32; for integers every precision gives the same.
void scale(double* values, std::size_t count, DType dtype, double steps) {
  switch (dtype) {
    case DType::kFloat16:
      for (std::size_t i = 0; i < count; ++i) {
        values[i] = static_cast<double>(round_to_float16(static_cast<float>(values[i] * steps)));
      }
      return;
    case DType::kBfloat16:
    case DType::kFloat32:
      for (std::size_t i = 0; i < count; ++i) {
        values[i] = static_cast<double>(static_cast<float>(values[i]) * static_cast<float>(steps));
      }
      return;
    default:
      for (std::size_t i = 0; i < count; ++i) values[i] *= steps;
  }
}

// Weights of positives and negatives by threshold index.
struct Buckets {
  explicit Buckets(std::size_t thresholds) : positive(thresholds), negative(thresholds) {}
  std::vector<double> positive;
  std::vector<double> negative;
};

// Adds the elements [from, from + count), at most kBlockSize, to `buckets`.
void add_block(ArrayView labels, ArrayView predictions, ArrayView weights, std::size_t from,
               std::size_t count, Buckets& buckets) {
  std::array<double, kBlockSize> label;
  std::array<double, kBlockSize> place;
  std::array<double, kBlockSize> weight;
  convert_elements(labels, from, count, label.data());
  convert_elements(predictions, from, count, place.data());
  if (weights.size == 0) {
    std::fill_n(weight.data(), count, 1.0);
  } else {
    convert_elements(weights, from, count, weight.data());
  }
  const auto thresholds = static_cast<double>(buckets.positive.size());
  scale(place.data(), count, predictions.dtype, thresholds - 1);
  for (std::size_t i = 0; i < count; ++i) {
    // What the caller should have refused is dropped, as torch does, rather than written out of bounds.
    if (!(place[i] >= 0 && place[i] < thresholds)) continue;
    const auto index = static_cast<std::size_t>(place[i]);
    buckets.positive[index] += label[i] * weight[i];
    buckets.negative[index] += (1.0 - label[i]) * weight[i];
  }
}

Buckets fill_buckets(ArrayView labels, ArrayView predictions, ArrayView weights, std::size_t thresholds) {
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

std::optional<std::size_t> first_outside_unit_interval(ArrayView predictions) {
  switch (predictions.dtype) {
    case DType::kBool:
      return std::nullopt;
    case DType::kUint8:
      return first_outside<std::uint8_t>(predictions);
    case DType::kInt8:
      return first_outside<std::int8_t>(predictions);
    case DType::kUint16:
      return first_outside<std::uint16_t>(predictions);
    case DType::kInt16:
      return first_outside<std::int16_t>(predictions);
    case DType::kUint32:
      return first_outside<std::uint32_t>(predictions);
    case DType::kInt32:
      return first_outside<std::int32_t>(predictions);
    case DType::kUint64:
      return first_outside<std::uint64_t>(predictions);
    case DType::kInt64:
      return first_outside<std::int64_t>(predictions);
    case DType::kFloat16:
      return first_outside_half<0x3c00>(predictions);
    case DType::kBfloat16:
      return first_outside_half<0x3f80>(predictions);
    case DType::kFloat32:
      return first_outside<float>(predictions);
    case DType::kFloat64:
      return first_outside<double>(predictions);
  }
  return std::nullopt;
}

std::vector<double> pr_curve(ArrayView labels, ArrayView predictions, ArrayView weights,
                             std::uint32_t thresholds) {
  if (thresholds == 0) throw ArgumentError("num_thresholds must be at least 1");
  if (labels.size != predictions.size) throw ArgumentError("labels and predictions differ in size");
  if (weights.size != 0 && weights.size != predictions.size) {
    throw ArgumentError("weights and predictions differ in size");
  }
  // torch/utils/tensorboard/summary.py, compute_curve: _MINIMUM_COUNT.
  constexpr double kMinimumCount = 1e-7;
  const std::size_t n = thresholds;
  const Buckets buckets = fill_buckets(labels, predictions, weights, n);
  std::vector<double> rows(6 * n);
  double positives = 0;
  double negatives = 0;
  for (std::size_t i = n; i-- > 0;) {
    rows[i] = positives += buckets.positive[i];
    rows[n + i] = negatives += buckets.negative[i];
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double tp = rows[i];
    const double fp = rows[n + i];
    const double fn = rows[0] - tp;
    rows[2 * n + i] = rows[n] - fp;
    rows[3 * n + i] = fn;
    rows[4 * n + i] = tp / std::max(kMinimumCount, tp + fp);
    rows[5 * n + i] = tp / std::max(kMinimumCount, tp + fn);
  }
  return rows;
}

}  // namespace tickertape
