// Histograms with given edges and with equal bins, against a plain search and numbers from NumPy; and the
// result if there is nothing to count.
#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "codec/histogram/histogram_check.h"

namespace tickertape {
namespace {

using namespace test;

constexpr std::nullopt_t kAll = std::nullopt;

Histogram between(ArrayView values, std::span<const double> edges,
                  std::optional<std::uint64_t> max_bins = kAll) {
  return on_every_path([&] { return histogram_between(values, edges, max_bins); });
}

Histogram uniform(ArrayView values, std::uint64_t bins, std::optional<std::uint64_t> max_bins = kAll) {
  return on_every_path([&] { return uniform_histogram(values, bins, max_bins); });
}

Histogram tensorflow(ArrayView values, std::optional<std::uint64_t> max_bins = kAll) {
  return on_every_path([&] { return tensorflow_histogram(values, max_bins); });
}

TEST(nothing_to_count_leaves_one_empty_bucket) {
  const std::vector<double> edges = {1, 2, 3};
  for (const std::vector<double>& values :
       {std::vector<double>{}, std::vector<double>(20, kNan), {kInfinity}}) {
    for (const Histogram& histogram :
         {tensorflow(view(values)), between(view(values), edges), uniform(view(values), 30, 7)}) {
      CHECK_EQ(histogram.num, 0.0);
      CHECK_EQ(histogram.min, 0.0);
      CHECK_EQ(histogram.max, 0.0);
      CHECK_EQ(histogram.sum, 0.0);
      CHECK_EQ(histogram.nan_count + histogram.infinite_count, values.size());
      CHECK((histogram.bucket_counts == std::vector<double>{0}));
      CHECK_EQ(histogram.bucket_limits.size(), 1U);
    }
  }
  const Histogram outside = between(view(std::vector<double>{7}), edges);
  CHECK_EQ(outside.num, 1.0);
  CHECK_EQ(outside.sum, 7.0);
  CHECK((outside.bucket_limits == std::vector<double>{3}));
  CHECK((outside.bucket_counts == std::vector<double>{0}));
}

TEST(between_any_edges) {
  const auto values = normal_values(3001);
  for (const std::size_t size : {2U, 3U, 7U, 8U, 100U, 1001U}) {
    std::vector<double> edges(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(size));
    std::sort(edges.begin(), edges.end());
    check_against_reference(between(view(values), edges), values, edges);
    edges.push_back(edges.back());
    edges.insert(edges.begin(), edges.front());
    check_against_reference(between(view(values), edges), values, edges);
  }
  const std::vector<double> open = {-kInfinity, 0, kInfinity};
  check_against_reference(between(view(values), open), values, open);
  const Histogram repeated = between(view(std::vector<double>{1, 1, 2, 3}), std::vector<double>{1, 1, 2, 2});
  CHECK((repeated.bucket_limits == std::vector<double>{1, 2, 2}));  // as torch does
  CHECK((repeated.bucket_counts == std::vector<double>{0, 2, 1}));
}

TEST(explicit_tensorflow_edges_have_the_same_result) {
  const std::vector<double> edges(tensorflow_edges().begin(), tensorflow_edges().end());
  const auto values = normal_values(1000);
  CHECK(same(between(view(values), edges, 50), tensorflow(view(values), 50)));
}

TEST(equal_bins_match_numpy) {
  const std::vector<double> squares = {0, 1, 4, 9, 16, 25, 36, 49, 64, 81};
  const Histogram three = uniform(view(squares), 10, 3);
  CHECK((three.bucket_limits ==
         std::vector<double>{0, 24.299999999999997, 48.599999999999994, 72.89999999999999, 81}));
  CHECK((three.bucket_counts == std::vector<double>{0, 5, 2, 2, 1}));
  const Histogram four = uniform(view(squares), 10, 4);
  CHECK((four.bucket_limits == std::vector<double>{0, 16.2, 32.4, 48.599999999999994, 64.8, 81}));
  CHECK((four.bucket_counts == std::vector<double>{0, 5, 1, 1, 2, 1}));
  const std::vector<double> tenths = {.1, .2, .3, .4, .5, .6, .7, .8, .9, 1.0};
  const Histogram seven = uniform(view(tenths), 7);
  CHECK((seven.bucket_limits == std::vector<double>{0.1, 0.2285714285714286, 0.3571428571428572,
                                                    0.48571428571428577, 0.6142857142857143,
                                                    0.7428571428571429, 0.8714285714285716, 1.0}));
  CHECK((seven.bucket_counts == std::vector<double>{0, 2, 1, 1, 2, 1, 1, 2}));
  const Histogram equal = uniform(view(std::vector<double>{2, 2, kNan, 2}), 4);
  CHECK((equal.bucket_limits == std::vector<double>{2, 2.25}));
  CHECK((equal.bucket_counts == std::vector<double>{0, 3}));
}

TEST(equal_bins_where_numpy_refuses) {
  const std::vector<std::vector<double>> awkward = {
      {-1.7e308, 1.7e308, 0}, {1e20, 1e20}, {1, std::nextafter(1.0, 2.0)}, {0, 5e-324}};
  for (const auto& values : awkward) {
    const Histogram histogram = uniform(view(values), 10);
    double counted = 0;
    for (const double count : histogram.bucket_counts) counted += count;
    CHECK_EQ(counted, static_cast<double>(values.size()));
    CHECK(std::is_sorted(histogram.bucket_limits.begin(), histogram.bucket_limits.end()));
    for (const double limit : histogram.bucket_limits) CHECK(std::isfinite(limit));
  }
}

TEST(bad_arguments_are_named) {
  const std::vector<double> values = {1};
  CHECK_THROWS(ArgumentError, uniform_histogram(view(values), 0));
  CHECK_THROWS(ArgumentError,
               uniform_histogram(view(values), kMaxUniformBins + 1));  // found by recovery_fuzz
  CHECK_THROWS(ArgumentError, tensorflow_histogram(view(values), 0));
  CHECK_THROWS(ArgumentError, histogram_between(view(values), std::vector<double>{}));
  CHECK_THROWS(ArgumentError, histogram_between(view(values), std::vector<double>{1}));
  CHECK_THROWS(ArgumentError, histogram_between(view(values), std::vector<double>{2, 1}));
  CHECK_THROWS(ArgumentError, histogram_between(view(values), std::vector<double>{1, kNan, 2}));
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
