// Computes histograms: counts the values, then merges and trims the bins as torch does. L1.
#include "codec/histogram/histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <string>
#include <utility>

#include "array/array_block.h"
#include "base/error.h"
#include "codec/histogram/counted.h"
#include "codec/histogram/stats.h"

namespace tickertape {
namespace {

using histogram_impl::Counted;
using histogram_impl::Statistics;

void check_max_bins(std::optional<std::uint64_t> max_bins) {
  if (max_bins == std::uint64_t{0}) throw ArgumentError("max_bins: expected at least 1, got 0");
}

void check_edges(std::span<const double> edges) {
  if (edges.size() < 2)
    throw ArgumentError("bins: expected at least 2 edges, got " + std::to_string(edges.size()));
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    // Negated, so that NaN fails as well.
    if (!(edges[i] <= edges[i + 1]))
      throw ArgumentError("bins: expected edges in increasing order, got others");
  }
}

// Merges groups of bins / max_bins neighbours, as torch's make_histogram does. The quotient is rounded down,
// so up to twice max_bins bins may remain, and the last group may be smaller than the others.
void merge_bins(std::vector<std::uint64_t>& counts, std::vector<double>& edges, std::uint64_t max_bins) {
  const std::size_t bins = counts.size();
  const std::size_t neighbours = bins / max_bins;
  std::size_t merged = 0;
  for (std::size_t first = 0; first < bins; first += neighbours, ++merged) {
    std::uint64_t sum = 0;
    for (std::size_t i = first; i < std::min(bins, first + neighbours); ++i) sum += counts[i];
    counts[merged] = sum;
    edges[merged] = edges[first];
  }
  counts.resize(merged);
  edges[merged] = edges[bins];
  edges.resize(merged + 1);
}

// Stores the bins from the first to the last non-empty one, with one empty bucket before them, whose limit is
// the left edge of the first bin. If all bins are empty, stores a single empty bucket that ends at the last
// edge.
void store_trimmed(std::span<const std::uint64_t> counts, std::span<const double> edges, Histogram& to) {
  const auto holds = [](std::uint64_t count) { return count != 0; };
  const auto first = std::find_if(counts.begin(), counts.end(), holds);
  if (first == counts.end()) {
    to.bucket_limits = {edges.back()};
    to.bucket_counts = {0.0};
    return;
  }
  const auto end = std::find_if(counts.rbegin(), counts.rend(), holds).base();
  const auto start = static_cast<std::size_t>(first - counts.begin());
  const auto bins = static_cast<std::size_t>(end - first);
  to.bucket_limits.assign(edges.begin() + static_cast<std::ptrdiff_t>(start),
                          edges.begin() + static_cast<std::ptrdiff_t>(start + bins + 1));
  to.bucket_counts.reserve(bins + 1);
  to.bucket_counts.push_back(0);
  for (const std::uint64_t count : counts.subspan(start, bins)) {
    to.bucket_counts.push_back(static_cast<double>(count));
  }
}

void store_buckets(std::vector<std::uint64_t> counts, std::span<const double> edges,
                   std::optional<std::uint64_t> max_bins, Histogram& to) {
  if (!max_bins || counts.size() <= *max_bins) return store_trimmed(counts, edges, to);
  std::vector<double> merged_edges(edges.begin(), edges.end());
  merge_bins(counts, merged_edges, *max_bins);
  store_trimmed(counts, merged_edges, to);
}

// Number of values that are searched for at the same time. The steps of one search depend on each other; the
// steps of eight searches overlap.
constexpr std::size_t kTogether = 8;

// For each value: the index of the last edge that is not above it, or 0. No branch depends on a value,
// because a misprediction would cost more than the rest of a step.
std::array<std::size_t, kTogether> last_edges_not_above(std::span<const double> edges,
                                                        const std::array<double, kTogether>& values) {
  std::array<std::size_t, kTogether> at{};
  for (std::size_t left = edges.size(); left > 1;) {
    const std::size_t half = left / 2;
    for (std::size_t k = 0; k < kTogether; ++k) at[k] += edges[at[k] + half] <= values[k] ? half : 0;
    left -= half;
  }
  return at;
}

void count_between(const auto* values, std::size_t size, std::span<const double> edges,
                   std::vector<std::uint64_t>& counts) {
  for (std::size_t from = 0; from < size; from += kTogether) {
    const std::size_t together = std::min(kTogether, size - from);
    std::array<double, kTogether> group{};
    std::copy_n(values + from, together, group.begin());
    const auto at = last_edges_not_above(edges, group);
    for (std::size_t k = 0; k < together; ++k) {
      const bool inside = group[k] >= edges.front() && group[k] <= edges.back() && !std::isinf(group[k]);
      if (inside) ++counts[std::min(at[k], counts.size() - 1)];
    }
  }
}

// numpy.linspace(min, max, bins + 1), with numpy.histogram's wider range if both are equal. If the range
// overflows, which NumPy refuses, the edges are computed at half the scale.
std::vector<double> uniform_edges(const Histogram& statistics, std::uint64_t bins) {
  double first = statistics.min;
  double last = statistics.max;
  if (statistics.num == 0) last = 1;  // NumPy's range for an empty array
  if (first == last) {
    first -= 0.5;
    last += 0.5;
  }
  const double scale = std::isfinite(last - first) ? 1.0 : 0.5;
  const double delta = last * scale - first * scale;
  const auto divisor = static_cast<double>(bins);
  const double step = delta / divisor;
  std::vector<double> edges(bins + 1);
  for (std::size_t i = 0; i < bins; ++i) {
    const auto index = static_cast<double>(i);
    // If the step underflows, linspace divides before it multiplies.
    const double offset = step == 0 ? index / divisor * delta : index * step;
    edges[i] = std::min((offset + first * scale) / scale, last);
  }
  edges[bins] = last;
  return edges;
}

bool strictly_ascending(std::span<const double> edges) {
  return std::adjacent_find(edges.begin(), edges.end(), std::greater_equal<>()) == edges.end();
}

// Follows numpy.histogram's arithmetic for equal bins step by step, so that every rounding is the same.
void count_uniform(const auto* values, std::size_t size, std::span<const double> edges,
                   std::vector<std::uint64_t>& counts) {
  const double first = edges.front();
  const double width = edges.back() - first;
  const auto bins = static_cast<double>(counts.size());
  // A separate loop, so that the compiler vectorises the divisions.
  std::array<double, kBlockSize> places;
  for (std::size_t i = 0; i < size; ++i) {
    places[i] = (static_cast<double>(values[i]) - first) / width * bins;
  }
  const std::size_t last = counts.size() - 1;
  for (std::size_t i = 0; i < size; ++i) {
    const auto value = static_cast<double>(values[i]);
    if (!std::isfinite(value)) continue;
    // An array that is read in place may change between the passes, so that a place may be anywhere.
    auto bin = places[i] > 0 ? static_cast<std::size_t>(std::min(places[i], bins - 1)) : 0;
    bin -= bin != 0 && value < edges[bin] ? 1 : 0;
    bin += bin != last && value >= edges[bin + 1] ? 1 : 0;
    ++counts[bin];
  }
}

// Adds a bin on each side for the finite values beyond the outermost edges, up to the extreme value. torch
// does not count these values.
void put_far_bins(std::uint64_t below, std::uint64_t above, std::vector<std::uint64_t>& counts,
                  std::vector<double>& edges, const Histogram& statistics) {
  if (above != 0) {
    counts.push_back(above);
    edges.push_back(statistics.max);
  }
  if (below != 0) {
    counts.insert(counts.begin(), below);
    edges.insert(edges.begin(), statistics.min);
  }
}

void add_far_bins(ArrayView values, std::vector<std::uint64_t>& counts, std::vector<double>& edges,
                  const Histogram& statistics) {
  std::uint64_t below = 0;
  std::uint64_t above = 0;
  for_each_block(values, [&](const auto* block, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      const auto value = static_cast<double>(block[i]);
      below += value < edges.front() && !std::isinf(value) ? 1 : 0;
      above += value > edges.back() && !std::isinf(value) ? 1 : 0;
    }
  });
  put_far_bins(below, above, counts, edges, statistics);
}

}  // namespace

std::span<const double> tensorflow_edges() {
  static const auto edges = [] {
    constexpr std::size_t kZeroEdge = histogram_impl::kTensorflowEdges / 2;
    std::array<double, histogram_impl::kTensorflowEdges> all{};
    double edge = 1e-12;
    for (std::size_t i = 1; i <= kZeroEdge; ++i, edge *= 1.1) {
      all[kZeroEdge + i] = edge;
      all[kZeroEdge - i] = -edge;
    }
    return all;
  }();
  return edges;
}

Histogram histogram_between(ArrayView values, std::span<const double> edges,
                            std::optional<std::uint64_t> max_bins) {
  if (std::ranges::equal(edges, tensorflow_edges())) return tensorflow_histogram(values, max_bins);
  check_max_bins(max_bins);
  check_edges(edges);
  Histogram result;
  Statistics statistics;
  std::vector<std::uint64_t> counts(edges.size() - 1);
  for_each_block(values, [&](const auto* block, std::size_t size) {
    statistics.add(block, size);
    count_between(block, size, edges, counts);
  });
  statistics.store(result);
  store_buckets(std::move(counts), edges, max_bins, result);
  return result;
}

Histogram tensorflow_histogram(ArrayView values, std::optional<std::uint64_t> max_bins, Executor* executor) {
  check_max_bins(max_bins);
  Histogram result;
  Counted counted = histogram_impl::count(values, executor);
  counted.statistics.store(result);
  const auto& bins = counted.bins.bins();
  const auto in_bins = std::accumulate(bins.begin(), bins.end(), std::uint64_t{0});
  if (static_cast<double>(in_bins) == result.num) {
    store_buckets({bins.begin(), bins.end()}, tensorflow_edges(), max_bins, result);
  } else {
    std::vector<std::uint64_t> all(bins.begin(), bins.end());
    std::vector<double> edges(tensorflow_edges().begin(), tensorflow_edges().end());
    add_far_bins(values, all, edges, result);
    store_buckets(std::move(all), edges, max_bins, result);
  }
  return result;
}

Histogram counted_histogram(std::span<const std::uint64_t> words, std::optional<std::uint64_t> max_bins) {
  check_max_bins(max_bins);
  if (words.size() != kCountedWords)
    throw ArgumentError("words: expected 1,556, got " + std::to_string(words.size()));
  Histogram result;
  result.nan_count = words[0];
  result.infinite_count = words[1];
  const auto counted = words.subspan(6);
  const auto num = std::accumulate(counted.begin(), counted.end(), std::uint64_t{0});
  if (num != 0) {
    result.num = static_cast<double>(num);
    result.min = std::bit_cast<double>(words[2]);
    result.max = std::bit_cast<double>(words[3]);
    result.sum = std::bit_cast<double>(words[4]);
    result.sum_squares = std::bit_cast<double>(words[5]);
  }
  std::vector<std::uint64_t> counts(counted.begin() + 1, counted.end() - 1);
  std::vector<double> edges(tensorflow_edges().begin(), tensorflow_edges().end());
  put_far_bins(counted.front(), counted.back(), counts, edges, result);
  store_buckets(std::move(counts), edges, max_bins, result);
  return result;
}

Histogram uniform_histogram(ArrayView values, std::uint64_t bins, std::optional<std::uint64_t> max_bins) {
  check_max_bins(max_bins);
  if (bins == 0) throw ArgumentError("bins: expected at least 1, got 0");
  if (bins > kMaxUniformBins)
    throw ArgumentError("bins: expected at most " + std::to_string(kMaxUniformBins) + ", got " +
                        std::to_string(bins));
  Histogram result;
  Statistics statistics;
  for_each_block(values, [&](const auto* block, std::size_t size) { statistics.add(block, size); });
  statistics.store(result);
  const std::vector<double> edges = uniform_edges(result, bins);
  std::vector<std::uint64_t> counts(bins);
  // NumPy refuses bins whose width is 0 or not finite. Then the values are counted between the edges as they
  // are.
  const bool numpy_counts = strictly_ascending(edges) && std::isfinite(edges.back() - edges.front());
  for_each_block(values, [&](const auto* block, std::size_t size) {
    if (numpy_counts) {
      count_uniform(block, size, edges, counts);
    } else {
      count_between(block, size, edges, counts);
    }
  });
  store_buckets(std::move(counts), edges, max_bins, result);
  return result;
}

}  // namespace tickertape
