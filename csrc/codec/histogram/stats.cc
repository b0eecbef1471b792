// Statistics of blocks: lanes within a block (with SIMD if all values are finite, otherwise one by one),
// compensated sums over blocks. L1.
#include "codec/histogram/stats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "array/array_block.h"
#include "base/cpu.h"

namespace tickertape::histogram_impl {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Fills the lanes of one block: `rows` handles whole rows, the loop below the last, shorter one.
template <typename T, typename Rows>
Lanes fill_lanes(const T* values, std::size_t count, Rows rows) {
  Lanes lanes{};
  const std::size_t whole = count - count % kLanes;
  if (whole != 0) {
    rows(values, whole / kLanes, lanes);
  } else {
    std::fill_n(lanes.least, kLanes, kInfinity);
    std::fill_n(lanes.greatest, kLanes, -kInfinity);
  }
  for (std::size_t lane = 0; lane < count - whole; ++lane) {
    const auto value = static_cast<double>(values[whole + lane]);
    lanes.sum[lane] += value;
    lanes.sum_squares[lane] += value * value;
    lanes.least[lane] = std::min(lanes.least[lane], value);
    lanes.greatest[lane] = std::max(lanes.greatest[lane], value);
  }
  return lanes;
}

// Adds lane i + 8 to lane i, then i + 4, i + 2 and i + 1. Returns lane 0.
double fold_lanes(const double (&lanes)[kLanes]) {
  double folded[kLanes];
  std::copy_n(lanes, kLanes, folded);
  for (std::size_t half = kLanes / 2; half != 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) folded[lane] += folded[lane + half];
  }
  return folded[0];
}

bool all_finite(const double (&lanes)[kLanes]) {
  return std::all_of(lanes, lanes + kLanes, [](double lane) { return std::isfinite(lane); });
}

RowsOfFloat best_rows_of_float() {
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx512)) return rows_avx512;
  if (has_cpu_feature(CpuFeature::kAvx2)) return rows_avx2;
#endif
  return rows_portable;
}

RowsOfDouble best_rows_of_double() {
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx512)) return rows_avx512;
  if (has_cpu_feature(CpuFeature::kAvx2)) return rows_avx2;
#endif
  return rows_portable;
}

}  // namespace

void CompensatedSum::add(double value) {
  const double sum = sum_ + value;
  error_ += std::abs(sum_) >= std::abs(value) ? (sum_ - sum) + value : (value - sum) + sum_;
  sum_ = sum;
}

double CompensatedSum::value() const { return std::isfinite(sum_) ? sum_ + error_ : sum_; }

Statistics::Statistics()
    : rows_of_float_(best_rows_of_float()),
      rows_of_double_(best_rows_of_double()),
      min_(kInfinity),
      max_(-kInfinity) {}

void Statistics::add(const float* values, std::size_t count) { add_block(values, count, rows_of_float_); }
void Statistics::add(const double* values, std::size_t count) { add_block(values, count, rows_of_double_); }

template <typename T, typename Rows>
void Statistics::add_block(const T* values, std::size_t count, Rows rows) {
  const Lanes lanes = fill_lanes(values, count, rows);
  // If a value is not finite, the sum of its lane is not finite either: Inf and NaN never become finite
  // again.
  if (all_finite(lanes.sum)) {
    fold(lanes, count);
  } else {
    add_finite(values, count, rows);
  }
}

template <typename T, typename Rows>
void Statistics::add_finite(const T* values, std::size_t count, Rows rows) {
  // Values that are not finite become 0, which changes no sum.
  std::array<T, kBlockSize> cleaned;
  double least = kInfinity;
  double greatest = -kInfinity;
  std::size_t nans = 0;
  std::size_t finites = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<double>(values[i]);
    const bool finite = std::isfinite(value);
    cleaned[i] = finite ? values[i] : T{0};
    least = std::min(least, finite ? value : least);
    greatest = std::max(greatest, finite ? value : greatest);
    nans += std::isnan(value) ? 1 : 0;
    finites += finite ? 1 : 0;
  }
  Lanes lanes = fill_lanes(cleaned.data(), count, rows);
  std::fill_n(lanes.least, kLanes, least);
  std::fill_n(lanes.greatest, kLanes, greatest);
  fold(lanes, finites);
  nan_count_ += nans;
  infinite_count_ += count - finites - nans;
}

void Statistics::fold(const Lanes& lanes, std::size_t finite) {
  sum_.add(fold_lanes(lanes.sum));
  sum_squares_.add(fold_lanes(lanes.sum_squares));
  min_ = std::min(min_, *std::min_element(lanes.least, lanes.least + kLanes));
  max_ = std::max(max_, *std::max_element(lanes.greatest, lanes.greatest + kLanes));
  num_ += finite;
}

void Statistics::add(const Statistics& later) {
  sum_.add(later.sum_);
  sum_squares_.add(later.sum_squares_);
  min_ = std::min(min_, later.min_);
  max_ = std::max(max_, later.max_);
  num_ += later.num_;
  nan_count_ += later.nan_count_;
  infinite_count_ += later.infinite_count_;
}

void Statistics::store(Histogram& to) const {
  to.nan_count = nan_count_;
  to.infinite_count = infinite_count_;
  if (num_ == 0) return;
  // Adding +0 turns -0 into +0. Which zero comes first in a lane depends on the instruction set.
  to.min = min_ + 0.0;
  to.max = max_ + 0.0;
  to.num = static_cast<double>(num_);
  to.sum = sum_.value();
  to.sum_squares = sum_squares_.value();
}

}  // namespace tickertape::histogram_impl
