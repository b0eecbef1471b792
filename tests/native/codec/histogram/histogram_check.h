// Shared by the histogram tests: a histogram by a plain search, and comparisons.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "check.h"
#include "codec/histogram/histogram.h"

namespace tickertape::test {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <typename T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::kFloat32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::kFloat64;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
  return DType::kInt64;
}
template <>
constexpr DType dtype_of<std::uint64_t>() {
  return DType::kUint64;
}

template <typename T>
ArrayView view(const std::vector<T>& values, DType dtype = dtype_of<T>()) {
  return {values.data(), values.size(), dtype};
}

inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

inline bool same(const Histogram& a, const Histogram& b) {
  return same_bits(a.min, b.min) && same_bits(a.max, b.max) && a.num == b.num && same_bits(a.sum, b.sum) &&
         same_bits(a.sum_squares, b.sum_squares) && a.bucket_limits == b.bucket_limits &&
         a.bucket_counts == b.bucket_counts && a.nan_count == b.nan_count &&
         a.infinite_count == b.infinite_count;
}

// Returns the value of compute(), and checks that it is the same to the last bit on every set of CPU
// features.
template <typename Compute>
Histogram on_every_path(Compute compute) {
  return SAME_ON_EVERY_CPU(compute, same);
}

// A histogram with the contract of histogram_between(), by a plain search.
inline Histogram reference(const std::vector<double>& values, std::span<const double> edges) {
  Histogram result;
  std::vector<double> counts(edges.size() - 1);
  double least = kInfinity;
  double greatest = -kInfinity;
  for (const double value : values) {
    if (std::isnan(value)) ++result.nan_count;
    if (std::isinf(value)) ++result.infinite_count;
    if (!std::isfinite(value)) continue;
    ++result.num;
    least = std::min(least, value);
    greatest = std::max(greatest, value);
    if (value < edges.front() || value > edges.back()) continue;
    // torch's last bin is closed, even if an additional bin follows it.
    const bool is_torchs_last = value == tensorflow_edges().back();
    const auto above = is_torchs_last ? std::lower_bound(edges.begin(), edges.end(), value)
                                      : std::upper_bound(edges.begin(), edges.end(), value);
    ++counts[static_cast<std::size_t>(std::min(above - edges.begin() - 1, edges.end() - edges.begin() - 2))];
  }
  if (result.num != 0) result.min = least, result.max = greatest;
  std::size_t first = 0;
  std::size_t end = counts.size();
  while (first < end && counts[first] == 0) ++first;
  while (end > first && counts[end - 1] == 0) --end;
  if (first == end) {
    result.bucket_limits = {edges.back()};
    result.bucket_counts = {0};
    return result;
  }
  result.bucket_limits.assign(edges.begin() + static_cast<std::ptrdiff_t>(first),
                              edges.begin() + static_cast<std::ptrdiff_t>(end) + 1);
  result.bucket_counts.assign(1, 0.0);
  for (std::size_t i = first; i < end; ++i) result.bucket_counts.push_back(counts[i]);
  return result;
}

// torch's edges, plus the extreme value on each side with finite values beyond them.
inline std::vector<double> tensorflow_edges_around(const std::vector<double>& values) {
  std::vector<double> edges(tensorflow_edges().begin(), tensorflow_edges().end());
  double least = 0;
  double greatest = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  if (greatest > edges.back()) edges.push_back(greatest);
  if (least < edges.front()) edges.insert(edges.begin(), least);
  return edges;
}

inline void check_against_reference(const Histogram& histogram, const std::vector<double>& values,
                                    std::span<const double> edges) {
  const Histogram expected = reference(values, edges);
  CHECK_EQ(histogram.num, expected.num);
  CHECK_EQ(histogram.min, expected.min);
  CHECK_EQ(histogram.max, expected.max);
  CHECK_EQ(histogram.nan_count, expected.nan_count);
  CHECK_EQ(histogram.infinite_count, expected.infinite_count);
  CHECK(histogram.bucket_limits == expected.bucket_limits);
  CHECK(histogram.bucket_counts == expected.bucket_counts);
}

inline std::vector<double> normal_values(std::size_t size) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values(size);
  for (double& value : values) value = normal(random);
  return values;
}

}  // namespace tickertape::test
