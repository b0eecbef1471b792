// Fills the buckets: by counting if that is exact, otherwise by adding weights in NumPy's order. L1; part of
// the PR curve.
#include "codec/pr_curve/buckets.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "array/array_block.h"
#include "codec/pr_curve/packed.h"

namespace tickertape::pr_curve_impl {
namespace {

// Counts without weights. If all labels are 0 or 1, the sums are integers and equal NumPy's in any order.
// Returns nothing if a label is neither 0 nor 1, if a prediction is outside [0, 1], or if there are too many
// thresholds.
std::optional<Buckets> count_buckets(ArrayView labels, ArrayView predictions, std::size_t thresholds) {
  if (thresholds > kMaxPackedThresholds) return std::nullopt;
  PackedCounts counts;
  // Large enough that adding up the tables takes only a tenth of the time.
  std::array<std::uint8_t, 16 * kBlockSize> packed;
  for (std::size_t from = 0; from < predictions.size; from += packed.size()) {
    const std::size_t count = std::min(packed.size(), predictions.size - from);
    if (!pack_elements(labels, predictions, from, count, thresholds, packed.data())) return std::nullopt;
    counts.add({packed.data(), count});
  }
  return counts.buckets(thresholds);
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
    const auto scale = scale_of<Value>(predictions.dtype, thresholds);
    for (std::size_t i = 0; i < size; ++i) place[i] = static_cast<double>(scaled(block[i], scale));
  });
  for (std::size_t i = 0; i < count; ++i) {
    // The caller must refuse predictions outside [0, 1]. If one arrives here, drop it, as torch does, instead
    // of writing out of bounds.
    if (!(place[i] > -1 && place[i] < static_cast<double>(thresholds))) continue;
    const auto index = place[i] > 0 ? static_cast<std::size_t>(place[i]) : 0;
    buckets.positive[index] += label[i] * weight[i];
    buckets.negative[index] += (1.0 - label[i]) * weight[i];
  }
}

Buckets add_buckets(ArrayView labels, ArrayView predictions, ArrayView weights, std::size_t thresholds) {
  // numpy.histogram sums blocks of this many elements (BLOCK in numpy/lib/_histograms_impl.py). With weights,
  // the order affects the last bits.
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
