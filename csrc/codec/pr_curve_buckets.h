// Positives and negatives by threshold index, as compute_curve's two weighted histograms. L1, for the PR
// curve alone.
#pragma once

#include <cstddef>
#include <vector>

#include "codec/array.h"

namespace tickertape::pr_curve_impl {

struct Buckets {
  explicit Buckets(std::size_t thresholds) : positive(thresholds), negative(thresholds) {}
  std::vector<double> positive;
  std::vector<double> negative;
};

// What pr_curve() takes, checked; the sums are numpy.histogram's to the last bit.
Buckets fill_buckets(ArrayView labels, ArrayView predictions, ArrayView weights, std::size_t thresholds);

}  // namespace tickertape::pr_curve_impl
