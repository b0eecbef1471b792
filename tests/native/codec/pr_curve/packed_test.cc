// Packed predictions against NumPy's sums (weights of 1), the instruction sets against each other, and arrays
// that must not be packed.
#include "codec/pr_curve/packed.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "array/float16.h"
#include "base/error.h"
#include "check.h"
#include "codec/pr_curve/pr_curve.h"

namespace tickertape {
namespace {

// Sizes around the 16 elements of a vector, the 1,024 of a block, and the pieces of the tables.
constexpr std::array<std::size_t, 14> kSizes{0, 1, 2, 7, 15, 16, 17, 31, 32, 47, 1023, 1024, 1025, 17000};

template <typename T>
ArrayView view(const std::vector<T>& values, DType dtype) {
  return {values.data(), values.size(), dtype};
}

// The packed bytes, which must be the same on every set of CPU features. Empty if they were refused, which
// must happen on every set.
std::vector<std::uint8_t> pack(ArrayView labels, ArrayView predictions, std::uint32_t thresholds) {
  const auto compute = [&] {
    std::vector<std::uint8_t> packed(predictions.size + 1, 0xee);
    const bool done = pack_predictions(labels, predictions, thresholds, packed.data());
    CHECK_EQ(packed.back(), 0xee);  // nothing is written past the end
    packed.resize(done ? predictions.size : 0);
    return packed;
  };
  return SAME_ON_EVERY_CPU(compute, std::equal_to<>());
}

struct Elements {
  DType dtype;
  std::vector<std::uint8_t> bytes;
  ArrayView view() const { return {bytes.data(), bytes.size() / item_size(dtype), dtype}; }
};

// `size` elements that cycle through `bits` with a period that no vector width is a multiple of.
Elements elements(DType dtype, const std::vector<std::uint64_t>& bits, std::size_t size) {
  Elements all{dtype, std::vector<std::uint8_t>(size * item_size(dtype))};
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t element = bits[(i * i + i / 7) % bits.size()];
    std::memcpy(all.bytes.data() + i * item_size(dtype), &element, item_size(dtype));  // little-endian
  }
  return all;
}

std::uint64_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }
std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

struct Values {
  DType dtype;
  std::vector<std::uint64_t> bits;
};

const std::vector<Values> kLabels = {
    {DType::kBool, {0, 1}},
    {DType::kUint8, {0, 1}},
    {DType::kInt16, {0, 1}},
    {DType::kUint32, {0, 1}},
    {DType::kInt64, {0, 1}},
    {DType::kFloat16, {0, 0x3c00}},
    {DType::kBfloat16, {0, 0x3f80}},
    {DType::kFloat32, {0, bits_of(1.0F)}},
    {DType::kFloat64, {0, bits_of(1.0)}},
};

// Every type of prediction. Fractions are on, just before and just after thresholds.
std::vector<Values> predictions_around(std::uint32_t thresholds) {
  Values halves{DType::kFloat16, {0x8000, 1}};
  for (std::uint64_t bits = 0; bits <= 0x3c00; bits += 29) halves.bits.push_back(bits);
  Values bfloats{DType::kBfloat16, {0x8000}};
  for (std::uint64_t bits = 0; bits <= 0x3f80; bits += 31) bfloats.bits.push_back(bits);
  Values floats{DType::kFloat32, {bits_of(-0.0F), bits_of(std::numeric_limits<float>::denorm_min())}};
  Values doubles{DType::kFloat64, {bits_of(-0.0), bits_of(std::numeric_limits<double>::denorm_min())}};
  for (std::uint32_t i = 0; i < thresholds; ++i) {
    const double edge = thresholds == 1 ? 1 : static_cast<double>(i) / (thresholds - 1);
    for (const double value : {std::nextafter(edge, -1.0), edge, std::nextafter(edge, 2.0)}) {
      if (value >= 0 && value <= 1) doubles.bits.push_back(bits_of(value));
    }
    const auto single = static_cast<float>(edge);
    for (const float value : {std::nextafter(single, -1.0F), single, std::nextafter(single, 2.0F)}) {
      if (value >= 0 && value <= 1) floats.bits.push_back(bits_of(value));
    }
  }
  return {halves,
          bfloats,
          floats,
          doubles,
          {DType::kBool, {0, 1}},
          {DType::kUint8, {0, 1}},
          {DType::kInt64, {0, 1}}};
}

TEST(packed_curves_equal_those_of_the_arrays) {
  for (const std::uint32_t thresholds : {1U, 2U, 3U, 64U, 127U, 128U}) {
    for (const Values& prediction_values : predictions_around(thresholds)) {
      for (const Values& label_values : kLabels) {
        for (const std::size_t size : kSizes) {
          const Elements labels = elements(label_values.dtype, label_values.bits, size);
          const Elements predictions = elements(prediction_values.dtype, prediction_values.bits, size);
          const std::vector<std::uint8_t> packed = pack(labels.view(), predictions.view(), thresholds);
          CHECK_EQ(packed.size(), size);
          const std::vector<std::uint8_t> ones(size, 1);
          CHECK(packed_pr_curve(packed, thresholds) ==
                pr_curve(labels.view(), predictions.view(), view(ones, DType::kBool), thresholds));
        }
      }
    }
  }
}

TEST(every_float16_has_the_index_of_numpy) {
  for (const std::uint32_t thresholds : {2U, 11U, 100U, 127U}) {
    for (std::uint32_t bits = 0; bits <= 0x3c00; ++bits) {
      const std::vector<std::uint16_t> half(16, static_cast<std::uint16_t>(bits));
      const std::vector<std::uint8_t> labels(16, 1);
      const auto packed = pack(view(labels, DType::kUint8), view(half, DType::kFloat16), thresholds);
      // The definition: the product of two float16 is exact in a double; it is rounded to eleven bits, ties
      // to even.
      const double product = static_cast<double>(float16_value(half[0])) * (thresholds - 1);
      const double unit = product == 0 ? 1 : std::ldexp(1.0, std::ilogb(product) - 10);
      const auto index = static_cast<std::uint8_t>(std::nearbyint(product / unit) * unit);
      CHECK(packed == std::vector<std::uint8_t>(16, index | kPackedPositive));
    }
  }
}

// Puts each of `bad` at every position of arrays of several sizes.
void check_refused(const Values& labels, const Values& predictions, bool bad_label,
                   const std::vector<std::uint64_t>& bad) {
  for (const std::size_t size : {1U, 15U, 16U, 33U}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const std::uint64_t bits : bad) {
        Elements label = elements(labels.dtype, labels.bits, size);
        Elements prediction = elements(predictions.dtype, predictions.bits, size);
        Elements& spoilt = bad_label ? label : prediction;
        const std::size_t item = item_size(spoilt.dtype);
        std::memcpy(spoilt.bytes.data() + at * item, &bits, item);
        CHECK(pack(label.view(), prediction.view(), 127).empty());
      }
    }
  }
}

TEST(other_labels_are_refused) {
  const Values doubles{DType::kFloat64, {0, bits_of(0.5), bits_of(1.0)}};
  const Values floats{DType::kFloat32, {0, bits_of(0.5F), bits_of(1.0F)}};
  for (const Values& predictions : {doubles, floats}) {
    check_refused({DType::kBool, {0, 1}}, predictions, true, {2, 255});
    check_refused({DType::kInt8, {0, 1}}, predictions, true, {2, 0xff, 0x81});
    check_refused({DType::kUint16, {0, 1}}, predictions, true, {2, 0x101, 0xffff});
    check_refused({DType::kInt32, {0, 1}}, predictions, true, {2, 0x10001, 0xffffffff});
    check_refused({DType::kInt64, {0, 1}}, predictions, true, {2, 0x100000001, ~0ULL, 1ULL << 63});
    check_refused({DType::kFloat16, {0, 0x3c00}}, predictions, true,
                  {0x8000, 0x3800, 0xbc00, 0x7e00, 0x3c01});
    check_refused({DType::kBfloat16, {0, 0x3f80}}, predictions, true, {0x8000, 0x3f00, 0xbf80, 0x7fc0});
    check_refused({DType::kFloat32, {0, bits_of(1.0F)}}, predictions, true,
                  {bits_of(-0.0F), bits_of(0.5F), bits_of(-1.0F), bits_of(std::nanf(""))});
    check_refused({DType::kFloat64, {0, bits_of(1.0)}}, predictions, true,
                  {bits_of(-0.0), bits_of(0.5), bits_of(-1.0), bits_of(std::nan("")), 1});
  }
}

template <typename T>
std::vector<std::uint64_t> outside() {
  using Limits = std::numeric_limits<T>;
  return {bits_of(Limits::quiet_NaN()),
          bits_of(-Limits::quiet_NaN()),
          bits_of(Limits::infinity()),
          bits_of(-Limits::infinity()),
          bits_of(static_cast<T>(-1.1e-6)),
          bits_of(T{-1}),
          bits_of(static_cast<T>(1 + 1.2e-6)),
          bits_of(T{2}),
          bits_of(Limits::max())};
}

TEST(predictions_outside_are_refused) {
  for (const Values& labels : {Values{DType::kInt64, {0, 1}}, Values{DType::kBool, {0, 1}}}) {
    check_refused(labels, {DType::kFloat64, {0, bits_of(0.5)}}, false, outside<double>());
    check_refused(labels, {DType::kFloat32, {0, bits_of(0.5F)}}, false, outside<float>());
    check_refused(labels, {DType::kFloat16, {0, 0x3800}}, false, {0x7e00, 0x7c00, 0xfc00, 0x8011, 0x3c01});
    check_refused(labels, {DType::kBfloat16, {0, 0x3f00}}, false, {0x7fc0, 0x7f80, 0xff80, 0xb590, 0x3f81});
    check_refused(labels, {DType::kInt64, {0, 1}}, false, {2, ~0ULL, 1ULL << 63});
    check_refused(labels, {DType::kUint8, {0, 1}}, false, {2, 255});
  }
}

TEST(any_bytes_are_safe) {
  std::vector<std::uint8_t> all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  for (std::uint32_t thresholds = 1; thresholds <= kMaxPackedThresholds; ++thresholds) {
    const std::vector<double> rows = packed_pr_curve(all, thresholds);
    CHECK_EQ(rows.size(), 6 * thresholds);
    CHECK_EQ(rows[0], static_cast<double>(thresholds));
    CHECK_EQ(rows[thresholds], static_cast<double>(thresholds));
  }
  CHECK_THROWS(ArgumentError, packed_pr_curve(all, 0));
  CHECK_THROWS(ArgumentError, packed_pr_curve(all, kMaxPackedThresholds + 1));
  CHECK_THROWS(ArgumentError, pack_predictions(view(all, DType::kUint8), {}, 127, all.data()));
}

TEST(no_count_overflows) {
  // Eight 16-bit tables are added up every 8 * 65,535 bytes.
  for (const std::size_t size : {524'279U, 524'280U, 524'281U, 1'100'003U}) {
    const std::vector<std::uint8_t> equal(size, kPackedPositive | 3U);
    const std::vector<double> rows = packed_pr_curve(equal, 5);
    CHECK_EQ(rows[3], static_cast<double>(size));
    CHECK_EQ(rows[4], 0.0);
  }
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
