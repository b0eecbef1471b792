// Precision-recall curves: reverse cumulative sums over the buckets, and their ratios. L1.
#include "codec/pr_curve/pr_curve.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "codec/pr_curve/buckets.h"
#include "codec/pr_curve/packed.h"

namespace tickertape {
namespace {

std::vector<double> rows_of(const pr_curve_impl::Buckets& buckets) {
  // torch/utils/tensorboard/summary.py, compute_curve: _MINIMUM_COUNT.
  constexpr double kMinimumCount = 1e-7;
  const std::size_t n = buckets.positive.size();
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

}  // namespace

std::vector<double> pr_curve(ArrayView labels, ArrayView predictions, ArrayView weights,
                             std::uint32_t thresholds) {
  if (thresholds == 0) throw ArgumentError("num_thresholds: expected at least 1, got 0");
  if (labels.size != predictions.size)
    throw ArgumentError("labels, predictions: expected the same number of elements, got different ones");
  if (weights.size != 0 && weights.size != predictions.size) {
    throw ArgumentError("weights, predictions: expected the same number of elements, got different ones");
  }
  return rows_of(pr_curve_impl::fill_buckets(labels, predictions, weights, thresholds));
}

std::vector<double> packed_pr_curve(Bytes packed, std::uint32_t thresholds) {
  if (thresholds == 0 || thresholds > kMaxPackedThresholds)
    throw ArgumentError("num_thresholds: expected 1 to 128, got " + std::to_string(thresholds));
  pr_curve_impl::PackedCounts counts;
  counts.add(packed);
  return rows_of(counts.buckets(thresholds));
}

}  // namespace tickertape
