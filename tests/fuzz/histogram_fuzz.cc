// Fuzzes histograms of any values and types. The oracle is a plain count, and every instruction set must
// return the same bits.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "array/array_block.h"
#include "base/error.h"
#include "codec/histogram/histogram.h"
#include "cpu_sets.h"
#include "input.h"

using namespace tickertape;
using namespace tickertape::fuzz;

namespace {

constexpr std::size_t kMaxValues = 5000;  // a few blocks of kBlockSize; the last one is not full
constexpr unsigned kDTypes = 13;

struct Request {
  unsigned kind;  // 0 tensorflow, 1 uniform, 2 edges
  std::uint64_t bins;
  std::vector<double> edges;
  std::optional<std::uint64_t> max_bins;
};

Histogram count(ArrayView values, const Request& request) {
  if (request.kind == 0) return tensorflow_histogram(values, request.max_bins);
  if (request.kind == 1) return uniform_histogram(values, request.bins, request.max_bins);
  return histogram_between(values, request.edges, request.max_bins);
}

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

bool same(const Histogram& a, const Histogram& b) {
  return same_bits(a.min, b.min) && same_bits(a.max, b.max) && a.num == b.num && same_bits(a.sum, b.sum) &&
         same_bits(a.sum_squares, b.sum_squares) && a.bucket_counts == b.bucket_counts &&
         std::ranges::equal(a.bucket_limits, b.bucket_limits, same_bits) && a.nan_count == b.nan_count &&
         a.infinite_count == b.infinite_count;
}

// numpy.histogram's rule, applied to one value.
double count_inside(const std::vector<double>& values, const Histogram& result, std::size_t bucket) {
  const double left = result.bucket_limits[bucket - 1], right = result.bucket_limits[bucket];
  const bool is_last = bucket + 1 == result.bucket_limits.size();
  double inside = 0;
  for (const double value : values) inside += value >= left && (value < right || (is_last && value == right));
  return inside;
}

void check(const std::vector<double>& values, const Request& request, const Histogram& result) {
  std::vector<double> finite;
  double nans = 0, infinite = 0;
  for (const double value : values) {
    nans += std::isnan(value);
    infinite += std::isinf(value);
    if (std::isfinite(value)) finite.push_back(value);
  }
  PROMISE(result.num == static_cast<double>(finite.size()));
  PROMISE(static_cast<double>(result.nan_count) == nans);
  PROMISE(static_cast<double>(result.infinite_count) == infinite);
  const double least = finite.empty() ? 0 : *std::ranges::min_element(finite);
  const double most = finite.empty() ? 0 : *std::ranges::max_element(finite);
  PROMISE(result.min == least && result.max == most);
  PROMISE(result.bucket_limits.size() == result.bucket_counts.size() && !result.bucket_limits.empty());
  PROMISE(std::ranges::is_sorted(result.bucket_limits));
  PROMISE(result.bucket_counts[0] == 0);
  double counted = 0;
  for (const double bucket : result.bucket_counts) counted += bucket;
  if (request.kind != 2) PROMISE(counted == result.num);
  if (request.kind == 1 || result.bucket_limits.size() > 200) return;
  // If limits repeat or bins were merged up to the extreme value, only the edges show which bin is meant.
  if (std::ranges::adjacent_find(result.bucket_limits) != result.bucket_limits.end()) return;
  for (std::size_t i = 1; i + 1 < result.bucket_limits.size(); ++i) {
    PROMISE(result.bucket_counts[i] == count_inside(finite, result, i));
  }
}

void check_sums(const std::vector<double>& values, const Histogram& result) {
  long double sum = 0, magnitude = 0, squares = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    magnitude += std::fabs(value);
    squares += static_cast<long double>(value) * value;
  }
  constexpr long double kUlps = 16 * std::numeric_limits<double>::epsilon();
  constexpr long double kLargest = std::numeric_limits<double>::max() / 4;
  if (magnitude < kLargest) PROMISE(std::fabs(result.sum - sum) <= kUlps * magnitude);
  constexpr long double kTiny = std::numeric_limits<double>::min();
  if (squares < kLargest) PROMISE(std::fabs(result.sum_squares - squares) <= kUlps * squares + kTiny);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  Request request{input.byte() % 3U, 1 + input.up_to(4000), {}, std::nullopt};
  const auto dtype = static_cast<DType>(input.byte() % kDTypes);
  if (const std::uint8_t most = input.byte(); most % 2 != 0) request.max_bins = most / 2;
  for (std::size_t i = input.byte() % 20; request.kind == 2 && i > 0; --i)
    request.edges.push_back(input.take<double>());
  if (input.byte() % 4 != 0) std::ranges::sort(request.edges);
  const std::size_t repeats = 1 + input.byte() % 64;
  const std::size_t item = item_size(dtype);
  const Bytes raw = input.take_bytes(input.size() / item * item);

  std::vector<std::uint64_t> aligned((raw.size() * repeats + 7) / 8);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < repeats && (bytes + raw.size()) / item <= kMaxValues && !raw.empty(); ++i) {
    std::memcpy(reinterpret_cast<std::uint8_t*>(aligned.data()) + bytes, raw.data(), raw.size());
    bytes += raw.size();
  }
  const ArrayView values{aligned.data(), bytes / item, dtype};
  std::vector<double> doubles(values.size);
  convert_elements(values, 0, values.size, doubles.data());
  try {
    const Histogram result = count(values, request);
    check(doubles, request, result);
    check_sums(doubles, result);
    test::on_every_cpu([&] { PROMISE(same(result, count(values, request))); });
  } catch (const ArgumentError&) {
    PROMISE(request.max_bins == std::uint64_t{0} || request.kind == 2);
  }
  return 0;
}
