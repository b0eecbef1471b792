// Histograms against a plain search, against figures from torch and NumPy, and one instruction set against
// another.
#include "codec/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "base/cpu.h"
#include "base/error.h"
#include "check.h"
#include "codec/float16.h"

namespace tickertape {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

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

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same(const Histogram& a, const Histogram& b) {
  return same_bits(a.min, b.min) && same_bits(a.max, b.max) && a.num == b.num && same_bits(a.sum, b.sum) &&
         same_bits(a.sum_squares, b.sum_squares) && a.bucket_limits == b.bucket_limits &&
         a.bucket_counts == b.bucket_counts && a.nan_count == b.nan_count &&
         a.infinite_count == b.infinite_count;
}

// Runs `compute` with every set of instructions this machine has, checks that all give the same bits, and
// returns them.
template <typename Compute>
Histogram on_every_path(Compute compute) {
  constexpr auto kAvx512 = static_cast<std::uint32_t>(CpuFeature::kAvx512);
  constexpr auto kF16c = static_cast<std::uint32_t>(CpuFeature::kF16c);
  disable_cpu_features(~0U);
  const Histogram portable = compute();
  for (const std::uint32_t disabled : {kAvx512 | kF16c, kAvx512, 0U}) {
    disable_cpu_features(disabled);
    CHECK(same(compute(), portable));
  }
  disable_cpu_features(0);
  return portable;
}

// What histogram_between() promises, by the plainest means.
Histogram reference(const std::vector<double>& values, std::span<const double> edges) {
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
    // Torch's last bin is closed, whether or not one of our own follows it.
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

// Torch's edges, and where finite values lie beyond them the extreme one.
std::vector<double> tensorflow_edges_around(const std::vector<double>& values) {
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

void check_against_reference(const Histogram& histogram, const std::vector<double>& values,
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

// tensorflow_histogram() of `elements`, whose values are `values`, and of each single element where `alone`.
template <typename T>
void check_tensorflow(const std::vector<T>& elements, DType dtype, const std::vector<double>& values) {
  const Histogram histogram = on_every_path([&] { return tensorflow_histogram(view(elements, dtype)); });
  check_against_reference(histogram, values, tensorflow_edges_around(values));
}

template <typename T>
void check_tensorflow(const std::vector<T>& elements) {
  check_tensorflow(elements, dtype_of<T>(), std::vector<double>(elements.begin(), elements.end()));
}

// Every edge in the type `T`, with `reach` neighbours on either side.
template <typename T>
std::vector<T> edges_and_neighbours(int reach) {
  std::vector<T> all;
  for (const double edge : tensorflow_edges()) {
    T below = static_cast<T>(edge);
    T above = below;
    all.push_back(below);
    for (int i = 0; i < reach; ++i) {
      all.push_back(below = std::nextafter(below, -std::numeric_limits<T>::infinity()));
      all.push_back(above = std::nextafter(above, std::numeric_limits<T>::infinity()));
    }
  }
  return all;
}

template <typename T>
std::vector<T> random_bits(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values(size);
  for (T& value : values) {
    const std::uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof value);
  }
  return values;
}

std::vector<double> normal_values(std::size_t size) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values(size);
  for (double& value : values) value = normal(random);
  return values;
}

TEST(edges_are_torchs) {
  const auto edges = tensorflow_edges();
  CHECK_EQ(edges.size(), 1549U);
  CHECK(std::is_sorted(edges.begin(), edges.end()));
  CHECK_EQ(edges[774], 0.0);
  CHECK_EQ(edges[775], 1e-12);
  CHECK_EQ(edges[776], 1.1000000000000002e-12);
  CHECK_EQ(edges[777], 1.2100000000000003e-12);
  CHECK_EQ(edges[1548], 9.920775621859783e+19);
  for (std::size_t i = 0; i < edges.size(); ++i) CHECK_EQ(edges[i], -edges[edges.size() - 1 - i]);
}

TEST(small_ones_are_torchs) {
  const Histogram five = tensorflow_histogram(view(std::vector<double>{5}));
  CHECK((five.bucket_limits == std::vector<double>{4.636194617418625, 5.099814079160488}));
  CHECK((five.bucket_counts == std::vector<double>{0, 1}));
  const Histogram zeros = tensorflow_histogram(view(std::vector<double>(4)));
  CHECK((zeros.bucket_limits == std::vector<double>{0, 1e-12}));
  CHECK((zeros.bucket_counts == std::vector<double>{0, 4}));
  const Histogram merged = tensorflow_histogram(view(std::vector<double>{1, 2, 3, 4, 100}), 100);
  CHECK(
      (merged.bucket_limits == std::vector<double>{0.24153964213356663, 1.0089710279437536, 4.214722379471477,
                                                   17.60594134424242, 73.54438625107609, 307.2131528381056}));
  CHECK((merged.bucket_counts == std::vector<double>{0, 1, 3, 0, 0, 1}));
  CHECK_EQ(merged.sum, 110.0);
  CHECK_EQ(merged.sum_squares, 10030.0);
}

TEST(edges_and_their_neighbours_fall_right) {
  check_tensorflow(edges_and_neighbours<float>(3));
  check_tensorflow(edges_and_neighbours<double>(3));
  const auto check_alone = [](const Histogram& histogram, double value) {
    check_against_reference(histogram, {value}, tensorflow_edges_around({value}));
  };
  for (const float value : edges_and_neighbours<float>(2)) {
    check_alone(tensorflow_histogram({&value, 1, DType::kFloat32}), static_cast<double>(value));
  }
  for (const double value : edges_and_neighbours<double>(2)) {
    check_alone(tensorflow_histogram({&value, 1, DType::kFloat64}), value);
  }
}

TEST(special_values_fall_right) {
  std::vector<double> values = {0.0,   -0.0,   1.0,       -1.0,       1e20, -1e20,
                                1e300, -1e300, kInfinity, -kInfinity, kNan, -kNan};
  for (const double tiny : {5e-324, 2.2250738585072014e-308, 1e-45, 1e-13}) {
    values.push_back(tiny);
    values.push_back(-tiny);
  }
  check_tensorflow(values);
  for (const double value : values) {
    check_tensorflow(std::vector<double>(3, value));
    check_tensorflow(std::vector<float>(17, static_cast<float>(value)));
  }
}

TEST(every_small_number_falls_right) {
  std::vector<std::uint16_t> bits(65536);
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint16_t>(i);
  std::vector<double> values(bits.size());
  const auto check_as = [&](DType dtype, auto value_of) {
    std::transform(bits.begin(), bits.end(), values.begin(),
                   [&](std::uint16_t element) { return static_cast<double>(value_of(element)); });
    check_tensorflow(bits, dtype, values);
  };
  check_as(DType::kFloat16, float16_value);
  check_as(DType::kBfloat16, bfloat16_value);
  check_as(DType::kUint16, [](std::uint16_t element) { return element; });
  check_as(DType::kInt16, [](std::uint16_t element) { return static_cast<std::int16_t>(element); });
  const std::vector<std::uint8_t> bytes(bits.begin(), bits.begin() + 256);
  check_tensorflow(bytes, DType::kUint8, std::vector<double>(bytes.begin(), bytes.end()));
  std::vector<double> signed_values;
  for (const std::uint8_t byte : bytes) signed_values.push_back(static_cast<std::int8_t>(byte));
  check_tensorflow(bytes, DType::kInt8, signed_values);
  for (std::size_t i = 0; i < bytes.size(); ++i) signed_values[i] = bytes[i] != 0 ? 1 : 0;
  check_tensorflow(bytes, DType::kBool, signed_values);
}

TEST(random_bits_fall_right) {
  check_tensorflow(random_bits<float>(100'003, 1));
  check_tensorflow(random_bits<double>(100'003, 2));
  check_tensorflow(random_bits<std::int64_t>(5000, 3));
  check_tensorflow(random_bits<std::uint64_t>(5000, 4));
  const auto wide = random_bits<std::uint32_t>(5000, 5);
  check_tensorflow(wide, DType::kUint32, std::vector<double>(wide.begin(), wide.end()));
  std::vector<double> signed_values;
  for (const std::uint32_t element : wide) signed_values.push_back(static_cast<std::int32_t>(element));
  check_tensorflow(wide, DType::kInt32, signed_values);
}

TEST(integers_round_to_the_nearest_double) {
  const std::vector<std::int64_t> values = {(std::int64_t{1} << 53) + 1,
                                            std::numeric_limits<std::int64_t>::max()};
  const Histogram histogram = tensorflow_histogram(view(values));
  CHECK_EQ(histogram.min, 0x1p53);
  CHECK_EQ(histogram.max, 0x1p63);
  const std::vector<std::uint64_t> largest = {std::numeric_limits<std::uint64_t>::max()};
  CHECK_EQ(tensorflow_histogram(view(largest)).max, 0x1p64);
}

TEST(every_size_about_rows_and_blocks_sums_up) {
  for (const std::size_t size :
       {1U, 2U, 15U, 16U, 17U, 127U, 128U, 129U, 1023U, 1024U, 1025U, 1040U, 4099U}) {
    std::vector<float> values(size);
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < size; ++i) {
      values[i] = static_cast<float>(static_cast<int>(i * 7 % 31) - 11);  // whole numbers: all sums are exact
      sum += static_cast<double>(values[i]);
      squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    }
    const Histogram histogram = on_every_path([&] { return tensorflow_histogram(view(values)); });
    CHECK_EQ(histogram.sum, sum);
    CHECK_EQ(histogram.sum_squares, squares);
    for (std::size_t at = 0; at < size; at += size / 3 + 1) {
      std::vector<float> holed = values;
      holed[at] = std::numeric_limits<float>::quiet_NaN();
      const Histogram without = on_every_path([&] { return tensorflow_histogram(view(holed)); });
      CHECK_EQ(without.sum, sum - static_cast<double>(values[at]));
      CHECK_EQ(without.num, static_cast<double>(size - 1));
      CHECK_EQ(without.nan_count, 1U);
    }
  }
}

TEST(sums_are_within_few_ulp) {
  // 0.1 a million times: added up one by one this is off by 1.3e-6, and its squares likewise.
  const std::vector<double> tenths(1'000'000, 0.1);
  const Histogram histogram = on_every_path([&] { return tensorflow_histogram(view(tenths)); });
  CHECK(std::abs(histogram.sum - 100000.0) <= 4 * 0x1p-36);                    // an ulp of 1e5 is 2^-36
  CHECK(std::abs(histogram.sum_squares - 10000.000000000002) <= 4 * 0x1p-39);  // and one of 1e4 is 2^-39
  const auto values = normal_values(300'000);
  long double sum = 0;
  long double magnitude = 0;
  for (const double value : values) sum += value, magnitude += std::abs(value);
  const Histogram normal = on_every_path([&] { return tensorflow_histogram(view(values)); });
  CHECK(std::abs(normal.sum - static_cast<double>(sum)) <= 4 * 0x1p-53 * static_cast<double>(magnitude));
}

TEST(sums_that_overflow_are_infinite) {
  const std::vector<double> values(40, 1.5e308);
  const Histogram histogram = on_every_path([&] { return tensorflow_histogram(view(values)); });
  CHECK_EQ(histogram.num, 40.0);
  CHECK_EQ(histogram.max, 1.5e308);
  CHECK_EQ(histogram.sum, kInfinity);
  CHECK_EQ(histogram.sum_squares, kInfinity);
}

TEST(nothing_to_count_leaves_one_empty_bucket) {
  const std::vector<double> edges = {1, 2, 3};
  for (const std::vector<double>& values :
       {std::vector<double>{}, std::vector<double>(20, kNan), {kInfinity}}) {
    for (const Histogram& histogram :
         {tensorflow_histogram(view(values)), histogram_between(view(values), edges),
          uniform_histogram(view(values), 30, 7)}) {
      CHECK_EQ(histogram.num, 0.0);
      CHECK_EQ(histogram.min, 0.0);
      CHECK_EQ(histogram.max, 0.0);
      CHECK_EQ(histogram.sum, 0.0);
      CHECK_EQ(histogram.nan_count + histogram.infinite_count, values.size());
      CHECK((histogram.bucket_counts == std::vector<double>{0}));
      CHECK_EQ(histogram.bucket_limits.size(), 1U);
    }
  }
  const Histogram outside = histogram_between(view(std::vector<double>{7}), edges);
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
    check_against_reference(histogram_between(view(values), edges), values, edges);
    edges.push_back(edges.back());
    edges.insert(edges.begin(), edges.front());
    check_against_reference(histogram_between(view(values), edges), values, edges);
  }
  const std::vector<double> open = {-kInfinity, 0, kInfinity};
  check_against_reference(histogram_between(view(values), open), values, open);
  const Histogram repeated =
      histogram_between(view(std::vector<double>{1, 1, 2, 3}), std::vector<double>{1, 1, 2, 2});
  CHECK((repeated.bucket_limits == std::vector<double>{1, 2, 2}));  // as torch
  CHECK((repeated.bucket_counts == std::vector<double>{0, 2, 1}));
}

TEST(the_tensorflow_edges_by_hand_take_the_same_way) {
  const std::vector<double> edges(tensorflow_edges().begin(), tensorflow_edges().end());
  const auto values = normal_values(1000);
  CHECK(same(histogram_between(view(values), edges, 50), tensorflow_histogram(view(values), 50)));
}

TEST(equal_bins_are_numpys) {
  const std::vector<double> squares = {0, 1, 4, 9, 16, 25, 36, 49, 64, 81};
  const Histogram three = uniform_histogram(view(squares), 10, 3);
  CHECK((three.bucket_limits ==
         std::vector<double>{0, 24.299999999999997, 48.599999999999994, 72.89999999999999, 81}));
  CHECK((three.bucket_counts == std::vector<double>{0, 5, 2, 2, 1}));
  const Histogram four = uniform_histogram(view(squares), 10, 4);
  CHECK((four.bucket_limits == std::vector<double>{0, 16.2, 32.4, 48.599999999999994, 64.8, 81}));
  CHECK((four.bucket_counts == std::vector<double>{0, 5, 1, 1, 2, 1}));
  const std::vector<double> tenths = {.1, .2, .3, .4, .5, .6, .7, .8, .9, 1.0};
  const Histogram seven = uniform_histogram(view(tenths), 7);
  CHECK((seven.bucket_limits == std::vector<double>{0.1, 0.2285714285714286, 0.3571428571428572,
                                                    0.48571428571428577, 0.6142857142857143,
                                                    0.7428571428571429, 0.8714285714285716, 1.0}));
  CHECK((seven.bucket_counts == std::vector<double>{0, 2, 1, 1, 2, 1, 1, 2}));
  const Histogram equal = uniform_histogram(view(std::vector<double>{2, 2, kNan, 2}), 4);
  CHECK((equal.bucket_limits == std::vector<double>{2, 2.25}));
  CHECK((equal.bucket_counts == std::vector<double>{0, 3}));
}

TEST(equal_bins_where_numpy_refuses) {
  const std::vector<std::vector<double>> awkward = {
      {-1.7e308, 1.7e308, 0}, {1e20, 1e20}, {1, std::nextafter(1.0, 2.0)}, {0, 5e-324}};
  for (const auto& values : awkward) {
    const Histogram histogram = uniform_histogram(view(values), 10);
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
  CHECK_THROWS(ArgumentError, uniform_histogram(view(values), kMostBins + 1));  // found by recovery_fuzz
  CHECK_THROWS(ArgumentError, tensorflow_histogram(view(values), 0));
  CHECK_THROWS(ArgumentError, histogram_between(view(values), std::vector<double>{}));
  CHECK_THROWS(ArgumentError, histogram_between(view(values), std::vector<double>{1}));
  CHECK_THROWS(ArgumentError, histogram_between(view(values), std::vector<double>{2, 1}));
  CHECK_THROWS(ArgumentError, histogram_between(view(values), std::vector<double>{1, kNan, 2}));
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
