// PR curves against numbers from torch, and the check of the unit interval against a plain one.
#include "codec/pr_curve/pr_curve.h"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "array/float16.h"
#include "base/error.h"
#include "check.h"

namespace tickertape {
namespace {

const std::vector<std::int64_t> kLabels = {1, 0, 1, 1, 0, 0, 1, 0};
const std::vector<float> kPredictions = {.1F, .2F, .75F, 1.0F, 0.F, .5F, .5F, .9F};

template <typename T>
ArrayView view(const std::vector<T>& values, DType dtype) {
  return {values.data(), values.size(), dtype};
}

std::vector<double> curve(ArrayView weights, std::uint32_t thresholds) {
  return pr_curve(view(kLabels, DType::kInt64), view(kPredictions, DType::kFloat32), weights, thresholds);
}

// The first threshold index at which a single positive label no longer counts as found.
std::size_t index_of(ArrayView prediction, std::uint32_t thresholds) {
  const std::uint8_t label = 1;
  const auto rows = pr_curve({&label, 1, DType::kBool}, prediction, {}, thresholds);
  std::size_t last = 0;
  for (std::size_t i = 0; i < thresholds; ++i) {
    if (rows[i] == 1) last = i;
  }
  return last;
}

TEST_ON_EVERY_CPU(curve_matches_torch) {
  const std::vector<double> expected = {4,  3,  3,   2,
                                        1,  //
                                        4,  2,  2,   1,
                                        0,  //
                                        0,  2,  2,   3,
                                        4,  //
                                        0,  1,  1,   2,
                                        3,  //
                                        .5, .6, .6,  0.6666666666666666,
                                        1,  1,  .75, .75,
                                        .5, .25};
  CHECK(curve({}, 5) == expected);
}

TEST_ON_EVERY_CPU(weighted_curve_matches_torch) {
  const std::vector<float> weights = {1, .5F, 2, 1, .25F, 1, 3, 1.5F};
  const std::vector<double> expected = {7,
                                        6,
                                        6,
                                        3,
                                        1,  //
                                        3.25,
                                        2.5,
                                        2.5,
                                        1.5,
                                        0,  //
                                        0,
                                        .75,
                                        .75,
                                        1.75,
                                        3.25,  //
                                        0,
                                        1,
                                        1,
                                        4,
                                        6,  //
                                        0.6829268292682927,
                                        0.7058823529411765,
                                        0.7058823529411765,
                                        0.6666666666666666,
                                        1,
                                        1,
                                        0.8571428571428571,
                                        0.8571428571428571,
                                        0.42857142857142855,
                                        0.14285714285714285};
  CHECK(curve(view(weights, DType::kFloat32), 5) == expected);
}

TEST_ON_EVERY_CPU(one_threshold_and_no_elements) {
  CHECK((curve({}, 1) == std::vector<double>{4, 4, 0, 0, .5, 1}));
  CHECK((pr_curve({}, {}, {}, 2) == std::vector<double>(12, 0.0)));
}

TEST_ON_EVERY_CPU(every_threshold_is_its_own) {
  for (std::uint32_t thresholds = 2; thresholds <= kMaxPrThresholds; ++thresholds) {
    const double largest = 1;
    CHECK_EQ(index_of({&largest, 1, DType::kFloat64}, thresholds), thresholds - 1);
    for (std::uint32_t i = 0; i + 1 < thresholds; ++i) {
      const double middle = (i + 0.5) / (thresholds - 1);
      CHECK_EQ(index_of({&middle, 1, DType::kFloat64}, thresholds), i);
    }
  }
}

TEST_ON_EVERY_CPU(the_index_is_found_in_the_predictions_precision) {
  // In NumPy, these numbers times 126 round up to an integer in their own type, but not in float64.
  const std::uint16_t half = 0x2010;
  CHECK_EQ(index_of({&half, 1, DType::kFloat16}, 127), 1U);
  const double half_value = static_cast<double>(float16_value(half));
  CHECK_EQ(index_of({&half_value, 1, DType::kFloat64}, 127), 0U);
  const auto single = std::bit_cast<float>(0x3f041041U);
  CHECK_EQ(index_of({&single, 1, DType::kFloat32}, 127), 65U);
  const double single_value = static_cast<double>(single);
  CHECK_EQ(index_of({&single_value, 1, DType::kFloat64}, 127), 64U);
}

TEST_ON_EVERY_CPU(integers_and_halves_are_predictions_too) {
  const std::uint8_t one = 1;
  CHECK_EQ(index_of({&one, 1, DType::kUint8}, 127), 126U);
  CHECK_EQ(index_of({&one, 1, DType::kBool}, 127), 126U);
  const std::int64_t zero = 0;
  CHECK_EQ(index_of({&zero, 1, DType::kInt64}, 127), 0U);
  const std::uint16_t bfloat_half = 0x3f00;
  CHECK_EQ(index_of({&bfloat_half, 1, DType::kBfloat16}, 127), 63U);
}

// Weights of 1 use the other implementation of the sums, and both must agree. Labels are the `bits` of each
// label type.
template <typename Label>
void check_both_ways(DType dtype, const std::vector<Label>& labels, std::size_t size) {
  std::vector<Label> all(size);
  std::vector<double> predictions(size);
  for (std::size_t i = 0; i < size; ++i) {
    all[i] = labels[i * i % 7 % labels.size()];
    predictions[i] = static_cast<double>(i * 37 % 1000) / 999;
  }
  const std::vector<std::uint8_t> ones(size, 1);
  const ArrayView label_view = view(all, dtype);
  const ArrayView prediction_view = view(predictions, DType::kFloat64);
  for (const std::uint32_t thresholds : {1U, 2U, 127U, 3000U}) {
    CHECK(pr_curve(label_view, prediction_view, {}, thresholds) ==
          pr_curve(label_view, prediction_view, view(ones, DType::kBool), thresholds));
  }
}

TEST_ON_EVERY_CPU(counting_and_adding_agree) {
  for (const std::size_t size : {1U, 3U, 1023U, 1024U, 1025U, 5000U}) {
    check_both_ways<std::uint8_t>(DType::kBool, {0, 1}, size);
    check_both_ways<std::uint8_t>(DType::kUint8, {0, 1}, size);
    check_both_ways<std::uint16_t>(DType::kFloat16, {0, 0x3c00}, size);
    check_both_ways<std::uint16_t>(DType::kBfloat16, {0, 0x3f80}, size);
    check_both_ways<std::int32_t>(DType::kInt32, {0, 1}, size);
    check_both_ways<float>(DType::kFloat32, {0, 1}, size);
    check_both_ways<double>(DType::kFloat64, {0, 1}, size);
    check_both_ways<std::int64_t>(DType::kInt64, {0, 1}, size);
    // Labels that are neither 0 nor 1, or -0.0, are added up instead of counted.
    check_both_ways<double>(DType::kFloat64, {0, 1, 0.25}, size);
    check_both_ways<double>(DType::kFloat64, {-0.0, 1}, size);
    check_both_ways<std::int64_t>(DType::kInt64, {0, 1, -1, 3}, size);
    check_both_ways<std::uint8_t>(DType::kBool, {0, 1, 255}, size);
  }
}

TEST_ON_EVERY_CPU(predictions_out_of_range_are_dropped) {
  const std::vector<float> wild = {
      std::numeric_limits<float>::quiet_NaN(), -1,    2, std::numeric_limits<float>::infinity(),
      -std::numeric_limits<float>::infinity(), 1e38F, 0, 0};
  const auto rows = pr_curve(view(kLabels, DType::kInt64), view(wild, DType::kFloat32), {}, 127);
  CHECK_EQ(rows[0] + rows[127], 2.0);
}

TEST_ON_EVERY_CPU(bad_arguments_are_named) {
  const std::vector<float> two = {1, 1};
  CHECK_THROWS(ArgumentError, curve({}, 0));
  CHECK_THROWS(ArgumentError, curve(view(two, DType::kFloat32), 5));
  CHECK_THROWS(ArgumentError,
               pr_curve(view(two, DType::kFloat32), view(kPredictions, DType::kFloat32), {}, 5));
}

// Puts each of `bad` at every position of arrays of sizes around the vectors' groups, and `fine` at all other
// positions.
template <typename T>
void check_first_outside(DType dtype, const std::vector<T>& fine, const std::vector<T>& bad) {
  for (const std::size_t size : {0U, 1U, 2U, 15U, 16U, 17U, 31U, 32U, 33U, 64U, 127U, 128U, 129U, 300U}) {
    std::vector<T> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = fine[i % fine.size()];
    CHECK(!first_outside_unit_interval(view(values, dtype)));
    for (std::size_t at = 0; at < size; ++at) {
      std::vector<T> spoilt = values;
      for (const T value : bad) {
        spoilt[at] = value;
        if (at + 1 < size) spoilt[size - 1] = value;
        CHECK(first_outside_unit_interval(view(spoilt, dtype)) == at);
      }
    }
  }
}

template <typename T>
void check_first_outside_of_floats(DType dtype) {
  using Limits = std::numeric_limits<T>;
  check_first_outside<T>(dtype,
                         {T{0}, -T{0}, T{1}, Limits::denorm_min(), T{0.5}, std::nextafter(T{1}, T{0}),
                          -Limits::denorm_min(), std::nextafter(T{1}, T{2}), T(-9.9e-7), T(1 + 9e-7)},
                         {Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(),
                          T(-1.1e-6), T(1 + 1.2e-6), T{2}, T{-1}});
}

template <typename T>
void check_first_outside_of_integers(DType dtype) {
  std::vector<T> bad = {T{2}, std::numeric_limits<T>::max()};
  if constexpr (std::is_signed_v<T>) bad.insert(bad.end(), {T{-1}, std::numeric_limits<T>::min()});
  check_first_outside<T>(dtype, {T{0}, T{1}}, bad);
}

TEST_ON_EVERY_CPU(the_first_outside_is_found_anywhere) {
  check_first_outside_of_floats<float>(DType::kFloat32);
  check_first_outside_of_floats<double>(DType::kFloat64);
  check_first_outside_of_integers<std::uint8_t>(DType::kUint8);
  check_first_outside_of_integers<std::int8_t>(DType::kInt8);
  check_first_outside_of_integers<std::uint16_t>(DType::kUint16);
  check_first_outside_of_integers<std::int16_t>(DType::kInt16);
  check_first_outside_of_integers<std::uint32_t>(DType::kUint32);
  check_first_outside_of_integers<std::int32_t>(DType::kInt32);
  check_first_outside_of_integers<std::uint64_t>(DType::kUint64);
  check_first_outside_of_integers<std::int64_t>(DType::kInt64);
  check_first_outside<std::uint16_t>(DType::kFloat16, {0x0000, 0x8000, 0x3c00, 0x0001},
                                     {0x7e00, 0xfe00, 0x7c00, 0xfc00, 0x8011, 0x3c01});
}

TEST_ON_EVERY_CPU(every_float16_is_checked_by_its_value) {
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const auto inside = [](float value) { return value >= -1e-6F && value <= 1 + 1e-6F; };
    CHECK_EQ(!first_outside_unit_interval({&bits, 1, DType::kFloat16}), inside(float16_value(bits)));
    CHECK_EQ(!first_outside_unit_interval({&bits, 1, DType::kBfloat16}), inside(bfloat16_value(bits)));
  }
}

TEST(labels_are_zero_or_one) {
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const auto is_label = [](auto value) { return value == 0 || value == 1; };
    CHECK_EQ(!first_other_label({&bits, 1, DType::kFloat16}), is_label(float16_value(bits)));
    CHECK_EQ(!first_other_label({&bits, 1, DType::kBfloat16}), is_label(bfloat16_value(bits)));
    CHECK_EQ(!first_other_label({&bits, 1, DType::kUint16}), is_label(bits));
    const auto single = std::bit_cast<float>(i << 16);
    CHECK_EQ(!first_other_label({&single, 1, DType::kFloat32}), is_label(single));
    const auto number = std::bit_cast<double>(std::uint64_t{i} << 48);
    CHECK_EQ(!first_other_label({&number, 1, DType::kFloat64}), is_label(number));
  }
  for (const std::size_t at : {0U, 1U, 1023U, 1024U, 2999U}) {
    std::vector<std::int64_t> labels(3000, 1);
    labels[at] = -1;
    CHECK(first_other_label(view(labels, DType::kInt64)) == at);
  }
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
