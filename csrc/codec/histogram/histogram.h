// Numbers in, the fields of a HistogramProto out. L1; pure, thread-safe, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "array/array.h"
#include "base/executor.h"

namespace tickertape {

// The fields of tensorboard's HistogramProto (compat/proto/histogram.proto), and what was left out.
// bucket_counts[i] counts values in (bucket_limits[i-1], bucket_limits[i]) as TensorBoard draws them.
struct Histogram {
  double min = 0;
  double max = 0;
  double num = 0;
  double sum = 0;
  double sum_squares = 0;
  std::vector<double> bucket_limits;
  std::vector<double> bucket_counts;
  std::uint64_t nan_count = 0;       // values left out of everything above
  std::uint64_t infinite_count = 0;  // likewise
};

// The 1,549 edges of torch's bins="tensorflow": 0 and ± 1e-12 * 1.1^k while < 1e20, by repeated
// multiplication, ascending (torch/utils/tensorboard/writer.py, _get_default_bins).
std::span<const double> tensorflow_edges();

// Counts `values` between ascending `edges` as numpy.histogram does (half-open bins, the last one closed;
// values outside the edges are not counted), merges neighbours when there are more than `max_bins` bins, and
// trims to the first and last non-empty bin with one empty bucket before, as torch's make_histogram. min,
// max, num, sum and sum_squares are over the finite values, those outside the edges too. Values and edges are
// compared as doubles, exactly; 64-bit integers become doubles as by NumPy's astype(float).
//
// All of it, to the last bit, is the same on every instruction set. sum and sum_squares err by a few ULP of
// the sum of magnitudes at most, whatever the number of values, and become infinite where NumPy's do.
//
// Where no value falls into a bin (none there, none finite, all outside), which torch refuses, there is one
// empty bucket that ends at the last edge; where no value is finite, num, min, max and both sums are 0.
// Throws ArgumentError when `max_bins` is 0, or `edges` are fewer than two, descend, or hold NaN.
Histogram histogram_between(ArrayView values, std::span<const double> edges,
                            std::optional<std::uint64_t> max_bins = std::nullopt);

// The same with tensorflow_edges(), through a look-up on the bits of the value; finite values beyond them
// (|x| > 9.9e19) get a bin of their own on that side, out to the extreme. torch counts them nowhere. Large
// arrays are counted in parts, which `executor` (nullptr: nobody but the caller) shares out; the result is
// the same, to the last bit, whoever does.
Histogram tensorflow_histogram(ArrayView values, std::optional<std::uint64_t> max_bins = std::nullopt,
                               Executor* executor = nullptr);

// What tensorflow_histogram() gives for values that somebody else has counted: `words` are kCountedWords
// numbers, [0] how many values are NaN, [1] how many infinite; [2] to [5] min, max, sum and sum of squares of
// the finite ones, as the bits of doubles; [6] how many of these lie before the first edge, [7] on in each of
// the 1,548 bins, [1555] behind the last edge. Throws ArgumentError where their number is another one, or
// `max_bins` is 0.
inline constexpr std::size_t kCountedWords = 1556;
Histogram counted_histogram(std::span<const std::uint64_t> words,
                            std::optional<std::uint64_t> max_bins = std::nullopt);

// 16 bytes each in memory and in the file: 256 MiB, while protobuf ends at 2 GiB. A damaged ring may ask for
// any number.
inline constexpr std::uint64_t kMostBins = std::uint64_t{1} << 24;

// The same with `bins` equal bins between the least and the greatest finite value, as numpy.histogram(values,
// bins): its edges and its counts. Without finite values they lie between 0 and 1. Where NumPy refuses
// because the bins have no width or no finite one, edges may repeat, and all values are counted. Throws
// ArgumentError when `bins` is 0 or more than kMostBins.
Histogram uniform_histogram(ArrayView values, std::uint64_t bins,
                            std::optional<std::uint64_t> max_bins = std::nullopt);

}  // namespace tickertape
