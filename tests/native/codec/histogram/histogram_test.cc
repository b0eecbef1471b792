// torch's histogram against a plain search and numbers from torch, on every set of CPU features.
#include "codec/histogram/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "array/float16.h"
#include "codec/histogram/histogram_check.h"

namespace tickertape {
namespace {

using namespace test;

// tensorflow_histogram() of `elements`, which have the values `values`.
template <typename T>
void check_tensorflow(const std::vector<T>& elements, DType dtype, const std::vector<double>& values) {
  const Histogram histogram = on_every_path([&] { return tensorflow_histogram(view(elements, dtype)); });
  check_against_reference(histogram, values, tensorflow_edges_around(values));
}

template <typename T>
void check_tensorflow(const std::vector<T>& elements) {
  check_tensorflow(elements, dtype_of<T>(), std::vector<double>(elements.begin(), elements.end()));
}

// Every edge as a `T`, with `reach` neighbouring numbers on either side.
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

TEST(edges_match_torch) {
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

TEST_ON_EVERY_CPU(small_histograms_match_torch) {
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

TEST(edges_and_their_neighbours_are_in_the_right_bin) {
  check_tensorflow(edges_and_neighbours<float>(3));
  check_tensorflow(edges_and_neighbours<double>(3));
  const auto check_alone = [](const Histogram& histogram, double value) {
    check_against_reference(histogram, {value}, tensorflow_edges_around({value}));
  };
  for (const float value : edges_and_neighbours<float>(2)) {
    check_alone(on_every_path([&] { return tensorflow_histogram({&value, 1, DType::kFloat32}); }),
                static_cast<double>(value));
  }
  for (const double value : edges_and_neighbours<double>(2)) {
    check_alone(on_every_path([&] { return tensorflow_histogram({&value, 1, DType::kFloat64}); }), value);
  }
}

TEST(special_values_are_in_the_right_bin) {
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

TEST(every_small_number_is_in_the_right_bin) {
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

TEST(random_bits_are_in_the_right_bin) {
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

TEST_ON_EVERY_CPU(integers_round_to_the_nearest_double) {
  const std::vector<std::int64_t> values = {(std::int64_t{1} << 53) + 1,
                                            std::numeric_limits<std::int64_t>::max()};
  const Histogram histogram = tensorflow_histogram(view(values));
  CHECK_EQ(histogram.min, 0x1p53);
  CHECK_EQ(histogram.max, 0x1p63);
  const std::vector<std::uint64_t> largest = {std::numeric_limits<std::uint64_t>::max()};
  CHECK_EQ(tensorflow_histogram(view(largest)).max, 0x1p64);
}

TEST(sums_of_all_sizes_around_rows_and_blocks) {
  for (const std::size_t size :
       {1U, 2U, 15U, 16U, 17U, 127U, 128U, 129U, 1023U, 1024U, 1025U, 1040U, 4099U}) {
    std::vector<float> values(size);
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < size; ++i) {
      values[i] = static_cast<float>(static_cast<int>(i * 7 % 31) - 11);  // integers, so all sums are exact
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
  // 0.1, a million times. Added up one by one, the sum has an error of 1.3e-6, and so has the sum of squares.
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

}  // namespace
}  // namespace tickertape

TEST_MAIN()
