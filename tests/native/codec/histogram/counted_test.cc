// Histograms that are counted in parts: the same bits with any executor and in any order, and the counts of a
// plain search.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "array/array_block.h"
#include "array/float16.h"
#include "codec/histogram/histogram_check.h"
#include "executors.h"

namespace tickertape {
namespace {

using namespace test;

// Sizes in elements (counted.cc): of a part, and from which the parts grow instead of their number.
constexpr std::size_t kPart = 128 * kBlockSize;
constexpr std::size_t kMaxParts = 64;

// Checks that every executor returns the bits that the calling thread alone returns, on every set of CPU
// features. Returns the histogram.
Histogram by_everyone(ArrayView values, std::size_t parts) {
  return on_every_path([&] {
    const Histogram alone = tensorflow_histogram(values);
    Backwards backwards;
    Threads threads;
    Shuffled shuffled;
    CHECK(same(tensorflow_histogram(values, {}, &backwards), alone));
    CHECK_EQ(backwards.parts, parts);
    CHECK(same(tensorflow_histogram(values, {}, &threads), alone));
    CHECK(same(tensorflow_histogram(values, {}, &shuffled), alone));
    return alone;
  });
}

void check_sums(const Histogram& histogram, const std::vector<double>& values) {
  long double sum = 0, magnitude = 0, squares = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value, magnitude += std::fabs(value), squares += static_cast<long double>(value) * value;
  }
  constexpr long double kUlps = 8 * std::numeric_limits<double>::epsilon();
  CHECK(std::fabs(histogram.sum - sum) <= kUlps * magnitude);
  CHECK(std::fabs(histogram.sum_squares - squares) <= kUlps * squares);
}

// Takes `elements` of `dtype` that have the values `values`.
template <typename T>
void check(const std::vector<T>& elements, DType dtype, const std::vector<double>& values,
           std::size_t parts) {
  const Histogram histogram = by_everyone(view(elements, dtype), parts);
  check_against_reference(histogram, values, tensorflow_edges_around(values));
  check_sums(histogram, values);
}

template <typename T>
void check(const std::vector<T>& elements, std::size_t parts) {
  check(elements, dtype_of<T>(), std::vector<double>(elements.begin(), elements.end()), parts);
}

template <typename T>
std::vector<T> wide_values(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::vector<T> values(size);
  for (T& value : values) {
    const T magnitude = std::ldexp(static_cast<T>(1 + random() % 1024), static_cast<int>(random() % 80) - 50);
    value = random() % 2 == 0 ? magnitude : -magnitude;
  }
  return values;
}

TEST(sizes_around_parts_and_blocks) {
  const std::vector<double> all = wide_values<double>(3 * kPart + 1);
  const auto check_first = [&all](std::size_t size, std::size_t parts) {
    check(std::vector<double>(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size)), parts);
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kBlockSize, kPart - 1, kPart})
    check_first(size, 0);
  for (const std::size_t size : {kPart + 1, kPart + kBlockSize - 1, kPart + kBlockSize,
                                 kPart + kBlockSize + 1, 2 * kPart - 1, 2 * kPart}) {
    check_first(size, 2);
  }
  check_first(2 * kPart + 1, 3);
  check_first(3 * kPart, 3);
  check_first(3 * kPart + 1, 4);
}

// Above this size, parts get larger by whole blocks; their number stays the same.
TEST(sizes_around_the_maximum_number_of_parts) {
  if (kIsSlow) return;  // 33 million values for each set of CPU features
  const std::size_t most = kMaxParts * kPart;
  std::vector<float> values = wide_values<float>(most + kMaxParts * kBlockSize + 1);
  const auto check_first = [&values](std::size_t size, std::size_t parts) {
    values.resize(size);
    check(values, parts);
  };
  check_first(most + kMaxParts * kBlockSize + 1, 64);
  check_first(most + 1, 64);  // 128 blocks a part are not enough, so each part has 129
  check_first(most, 64);
  check_first(most - 1, 64);
}

// Parts without any finite value, and parts whose only or last finite value is at an edge of the part.
TEST(parts_without_finite_values) {
  std::vector<float> values = wide_values<float>(4 * kPart + 777);
  const auto fill = [&values](std::size_t from, std::size_t to, double value) {
    std::fill(values.begin() + static_cast<std::ptrdiff_t>(from),
              values.begin() + static_cast<std::ptrdiff_t>(to), static_cast<float>(value));
  };
  fill(0, kPart, kNan);
  fill(2 * kPart, 3 * kPart, kInfinity);
  fill(4 * kPart, values.size(), -kInfinity);
  check(values, 5);
  fill(kPart, 2 * kPart - 1, kNan);
  fill(3 * kPart + 1, 4 * kPart, -kInfinity);
  check(values, 5);
  fill(0, values.size(), kNan);
  check(values, 5);
  values.back() = 5;
  check(values, 5);
  values.front() = -3e38F;  // in an additional bin before torch's
  check(values, 5);
}

TEST(each_part_contains_the_extremes_once) {
  for (std::size_t part = 0; part < 3; ++part) {
    std::vector<double> values(3 * kPart, 1.0);
    values[part * kPart] = -1e300;
    values[part * kPart + kPart - 1] = 1e300;
    const Histogram histogram = by_everyone(view(values), 3);
    check_against_reference(histogram, values, tensorflow_edges_around(values));
    CHECK_EQ(histogram.min, -1e300);
    CHECK_EQ(histogram.max, 1e300);
    CHECK_EQ(histogram.sum_squares, kInfinity);  // 1e600
  }
}

// The sum of one part overflows, or the sums of two parts overflow in opposite directions.
TEST(parts_whose_sums_overflow) {
  std::vector<double> values(2 * kPart, 1.0);
  std::fill(values.begin(), values.begin() + 40, 1.5e308);
  const Histogram one = by_everyone(view(values), 2);
  CHECK_EQ(one.sum, kInfinity);
  CHECK_EQ(one.sum_squares, kInfinity);
  std::fill(values.end() - 40, values.end(), -1.5e308);
  const Histogram both = by_everyone(view(values), 2);
  CHECK(std::isnan(both.sum));  // as in NumPy's pairwise sum
  CHECK_EQ(both.sum_squares, kInfinity);
  CHECK_EQ(both.num, static_cast<double>(values.size()));
}

template <typename T, typename ValueOf>
void check_type(DType dtype, ValueOf value_of) {
  std::mt19937_64 random(3);
  std::vector<T> elements(2 * kPart + 33);
  std::vector<double> values;
  for (T& element : elements) {
    const std::uint64_t bits = random();
    std::memcpy(&element, &bits, sizeof element);
    values.push_back(static_cast<double>(value_of(element)));
  }
  check(elements, dtype, values, 3);
}

TEST(every_type) {
  const auto itself = [](auto value) { return value; };
  check_type<std::uint8_t>(DType::kBool, [](std::uint8_t value) { return value != 0 ? 1 : 0; });
  check_type<std::uint8_t>(DType::kUint8, itself);
  check_type<std::int8_t>(DType::kInt8, itself);
  check_type<std::uint16_t>(DType::kUint16, itself);
  check_type<std::int16_t>(DType::kInt16, itself);
  check_type<std::uint32_t>(DType::kUint32, itself);
  check_type<std::int32_t>(DType::kInt32, itself);
  check_type<std::uint64_t>(DType::kUint64, itself);
  check_type<std::int64_t>(DType::kInt64, itself);
  check_type<std::uint16_t>(DType::kFloat16, float16_value);
  check_type<std::uint16_t>(DType::kBfloat16, bfloat16_value);
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
