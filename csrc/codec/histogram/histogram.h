// Computes the fields of a HistogramProto from numbers. L1; pure, thread-safe, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "array/array.h"
#include "base/executor.h"

namespace tickertape {

// The fields of TensorBoard's HistogramProto (compat/proto/histogram.proto), and the number of values that
// were left out. bucket_counts[i] is the number of values between bucket_limits[i-1] and bucket_limits[i], as
// TensorBoard draws it.
struct Histogram {
  double min = 0;
  double max = 0;
  double num = 0;
  double sum = 0;
  double sum_squares = 0;
  std::vector<double> bucket_limits;
  std::vector<double> bucket_counts;
  std::uint64_t nan_count = 0;       // NaN values; not counted in the fields above
  std::uint64_t infinite_count = 0;  // infinite values; not counted in the fields above
};

// The 1,549 ascending edges of torch's bins="tensorflow": 0 and ±1e-12 * 1.1^k below 1e20, by repeated
// multiplication (torch/utils/tensorboard/writer.py, _get_default_bins).
std::span<const double> tensorflow_edges();

// Counts `values` between ascending `edges` as numpy.histogram does: bins are half-open, except that the last
// one is closed, and values outside the edges are not counted. Then, as torch's make_histogram does, merges
// neighbours if there are more than `max_bins` bins, and trims to the first and last non-empty bin with one
// empty bucket before. min, max, num, sum and sum_squares cover all finite values, also those outside the
// edges. Values and edges are compared exactly, as doubles; 64-bit integers become doubles as in NumPy's
// astype(float).
//
// The result is the same to the last bit on every instruction set. The error of sum and sum_squares is at
// most a few ULP of the sum of magnitudes, for any number of values. They become infinite if NumPy's do.
//
// If no value is in a bin, torch raises an error; this function returns one empty bucket that ends at the
// last edge. If no value is finite, num, min, max and both sums are 0. Throws ArgumentError if `max_bins` is
// 0, or if `edges` has fewer than two elements, descends or contains NaN.
Histogram histogram_between(ArrayView values, std::span<const double> edges,
                            std::optional<std::uint64_t> max_bins = std::nullopt);

// Like histogram_between() with tensorflow_edges(), but finds bins by a table look-up on the bits of the
// value. Finite values beyond the edges (|x| > 9.9e19), which torch does not count, get one more bin on that
// side, up to the extreme value. Large arrays are counted in parts; `executor` may run them in parallel
// (nullptr: the calling thread runs them). The result does not depend on the executor.
Histogram tensorflow_histogram(ArrayView values, std::optional<std::uint64_t> max_bins = std::nullopt,
                               Executor* executor = nullptr);

// Returns what tensorflow_histogram() would return, from counts that a device made. `words` has kCountedWords
// elements: [0] the number of NaN values, [1] of infinite values; [2] to [5] min, max, sum and sum of squares
// of the finite values, as the bits of doubles; [6] the number of finite values before the first edge, [7] to
// [1554] the counts of the 1,548 bins, [1555] the number of finite values after the last edge. Throws
// ArgumentError if `words` has another size or `max_bins` is 0.
inline constexpr std::size_t kCountedWords = 1556;
Histogram counted_histogram(std::span<const std::uint64_t> words,
                            std::optional<std::uint64_t> max_bins = std::nullopt);

// The largest number of bins. Each takes 16 bytes in memory and in the file, so this is 256 MiB; protobuf's
// limit is 2 GiB. An op in a damaged ring may ask for any number.
inline constexpr std::uint64_t kMaxUniformBins = std::uint64_t{1} << 24;

// Like histogram_between() with `bins` equal bins between the smallest and the largest finite value; edges
// and counts equal those of numpy.histogram(values, bins). If no value is finite, the edges are between 0 and
// 1. If the bins' width is 0 or not finite, which NumPy refuses, edges may repeat, and all values are
// counted. Throws ArgumentError if `bins` is 0 or larger than kMaxUniformBins.
Histogram uniform_histogram(ArrayView values, std::uint64_t bins,
                            std::optional<std::uint64_t> max_bins = std::nullopt);

}  // namespace tickertape
