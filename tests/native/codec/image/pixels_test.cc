// Pixels against a slow model of torch's image(): every type, every axis order, grids, and values outside
// 0..1. The Python tests compare with torch itself.
#include "codec/image/pixels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "array/float16.h"
#include "base/error.h"
#include "check.h"

using namespace tickertape;

namespace {

std::uint8_t scaled(float value) {
  const float product = value * 255.0F;
  if (std::isnan(product)) return 0;
  return static_cast<std::uint8_t>(std::clamp(product, 0.0F, 255.0F));
}

// An N x C x H x W array and its four sizes.
template <typename T>
struct Images {
  std::size_t n, c, h, w;
  std::vector<T> values;
  T at(std::size_t i, std::size_t k, std::size_t y, std::size_t x) const {
    return values[((i * c + k) * h + y) * w + x];
  }
};

template <typename T, typename Draw>
Images<T> draw_images(std::size_t n, std::size_t c, std::size_t h, std::size_t w, Draw draw) {
  Images<T> images{n, c, h, w, std::vector<T>(n * c * h * w)};
  for (T& value : images.values) value = draw();
  return images;
}

std::size_t axis_size(char letter, std::size_t n, std::size_t c, std::size_t h, std::size_t w) {
  return letter == 'N' ? n : letter == 'C' ? c : letter == 'H' ? h : w;
}

// The values of `images` with the axes in the order of `letters`.
template <typename T>
std::vector<T> transpose(const Images<T>& images, const std::string& letters,
                         std::vector<std::size_t>& shape) {
  shape.clear();
  for (const char letter : letters)
    shape.push_back(axis_size(letter, images.n, images.c, images.h, images.w));
  std::vector<T> result(images.values.size());
  for (std::size_t flat = 0; flat < result.size(); ++flat) {
    std::size_t rest = flat;
    std::size_t index[128] = {};
    for (std::size_t axis = letters.size(); axis-- > 0; rest /= shape[axis]) {
      index[static_cast<unsigned char>(letters[axis])] = rest % shape[axis];
    }
    result[flat] = images.at(index['N'], index['C'], index['H'], index['W']);
  }
  return result;
}

template <typename T, typename ToByte>
void check_layout(const Images<T>& images, DType dtype, const std::string& letters, ToByte to_byte) {
  std::vector<std::size_t> shape;
  const std::vector<T> values = transpose(images, letters, shape);
  const bool grid = letters.size() == 4;
  Buffer out;
  out.push_back(99);  // to_pixels() appends
  const ImageArray array = image_array(values.data(), dtype, shape.data(), shape.size(), letters);
  const PixelSize size = to_pixels(array, grid, out);

  const std::size_t columns = std::min<std::size_t>(images.n, 8);
  const std::size_t channels = images.c == 1 ? 3 : images.c;
  CHECK_EQ(size.width, images.w * columns);
  CHECK_EQ(size.height, images.h * ((images.n + columns - 1) / columns));
  CHECK_EQ(size.channels, channels);
  CHECK_EQ(out.size(), 1 + std::size_t{size.width} * size.height * channels);
  std::size_t wrong = 0;
  for (std::size_t y = 0; y < size.height; ++y) {
    for (std::size_t x = 0; x < size.width; ++x) {
      const std::size_t n = y / images.h * columns + x / images.w;
      for (std::size_t c = 0; c < channels; ++c) {
        const std::uint8_t expected =
            n < images.n ? to_byte(images.at(n, images.c == 1 ? 0 : c, y % images.h, x % images.w))
                         : std::uint8_t{0};
        wrong += out.data()[1 + (y * size.width + x) * channels + c] != expected;
      }
    }
  }
  CHECK_EQ(wrong, 0U);
  if (wrong != 0) std::fprintf(stderr, "  %s, %zu channels\n", letters.c_str(), images.c);
}

template <typename T, typename Draw, typename ToByte>
void check_type(DType dtype, Draw draw, ToByte to_byte) {
  for (std::size_t channels = 1; channels <= 4; ++channels) {
    const auto images = draw_images<T>(1, channels, 5, 71, draw);
    std::string letters = "CHW";
    do {
      check_layout(images, dtype, letters, to_byte);
    } while (std::next_permutation(letters.begin(), letters.end()));
  }
  for (const std::string letters : {"HW", "WH"}) {
    check_layout(draw_images<T>(1, 1, 7, 45, draw), dtype, letters, to_byte);
  }
  for (const std::size_t count : {1U, 3U, 8U, 9U, 17U}) {
    for (const std::size_t channels : {1U, 3U, 4U}) {
      const auto images = draw_images<T>(count, channels, 3, 19, draw);
      for (const std::string letters : {"NCHW", "NHWC", "CHWN"})
        check_layout(images, dtype, letters, to_byte);
    }
  }
}

std::mt19937& random_bits() {
  static std::mt19937 random(7);
  return random;
}

// Mostly values between 0 and 1, some outside, some NaN.
float draw_float() {
  const auto kind = random_bits()() % 16;
  if (kind == 0) return std::numeric_limits<float>::quiet_NaN();
  if (kind == 1) return std::numeric_limits<float>::infinity();
  if (kind == 2) return -std::numeric_limits<float>::infinity();
  if (kind == 3) return 3e38F;
  return std::uniform_real_distribution<float>(-0.2F, 1.2F)(random_bits());
}

// Masks of 0 and 1 alone, and levels: 2 among them says that they are none.
template <typename T>
void check_integer_type(DType dtype) {
  check_type<T>(
      dtype, [] { return static_cast<T>(random_bits()() % 2); },
      [](T value) { return static_cast<std::uint8_t>(value != 0 ? 255 : 0); });
  const unsigned most = std::min<std::uint64_t>(std::numeric_limits<T>::max(), 255);
  bool is_first = true;
  check_type<T>(
      dtype,
      [&] { return static_cast<T>(std::exchange(is_first, false) ? 2 : 2 + random_bits()() % (most - 1)); },
      [](T value) { return static_cast<std::uint8_t>(value); });
}

template <typename T>
void check_refused(DType dtype, std::vector<T> values, const char* range) {
  const std::size_t shape[] = {1, values.size()};
  Buffer out;
  try {
    to_pixels(image_array(values.data(), dtype, shape, 2, "HW"), false, out);
    CHECK(false);
  } catch (const ArgumentError& error) {
    CHECK(std::string(error.what()).find(range) != std::string::npos);
  }
}

}  // namespace

TEST_ON_EVERY_CPU(uint8_stays_as_it_is) {
  check_type<std::uint8_t>(
      DType::kUint8, [] { return static_cast<std::uint8_t>(random_bits()()); },
      [](std::uint8_t v) { return v; });
}

TEST_ON_EVERY_CPU(bool_is_black_or_white) {
  check_type<std::uint8_t>(
      DType::kBool, [] { return static_cast<std::uint8_t>(random_bits()() % 2); },
      [](std::uint8_t v) { return v != 0 ? std::uint8_t{255} : std::uint8_t{0}; });
}

TEST_ON_EVERY_CPU(floats_are_scaled_clipped_and_truncated) {
  check_type<float>(DType::kFloat32, draw_float, scaled);
  check_type<double>(
      DType::kFloat64, [] { return double{draw_float()} * (1 + 1e-9); },
      [](double v) { return scaled(static_cast<float>(v)); });
  check_type<std::uint16_t>(
      DType::kFloat16, [] { return static_cast<std::uint16_t>(random_bits()()); },
      [](std::uint16_t v) { return scaled(float16_value(v)); });
  check_type<std::uint16_t>(
      DType::kBfloat16,
      [] { return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(draw_float()) >> 16); },
      [](std::uint16_t v) { return scaled(bfloat16_value(v)); });
}

TEST_ON_EVERY_CPU(integers_are_scaled_by_their_range) {
  check_integer_type<std::int8_t>(DType::kInt8);
  check_integer_type<std::int16_t>(DType::kInt16);
  check_integer_type<std::uint16_t>(DType::kUint16);
  check_integer_type<std::int32_t>(DType::kInt32);
  check_integer_type<std::uint32_t>(DType::kUint32);
  check_integer_type<std::int64_t>(DType::kInt64);
  check_integer_type<std::uint64_t>(DType::kUint64);
}

TEST(cameras_of_sixteen_bits) {
  std::vector<std::uint16_t> levels(65536);
  std::iota(levels.begin(), levels.end(), std::uint16_t{0});
  const std::size_t shape[] = {256, 256};
  Buffer out;
  to_pixels(image_array(levels.data(), DType::kUint16, shape, 2, "HW"), false, out);
  for (std::size_t i = 0; i < levels.size(); ++i) CHECK_EQ(int{out.data()[3 * i]}, levels[i] / 257);
}

TEST(integers_of_another_range_are_refused) {
  check_refused<std::int8_t>(DType::kInt8, {0, -1}, "-1 to 0");
  check_refused<std::int16_t>(DType::kInt16, {5, 256}, "5 to 256");
  check_refused<std::int32_t>(DType::kInt32, {-5, 100000}, "-5 to 100000");
  check_refused<std::uint32_t>(DType::kUint32, {0, 65535}, "0 to 65535");
  check_refused<std::int64_t>(DType::kInt64, {std::numeric_limits<std::int64_t>::min(), 1},
                              "-9223372036854775808 to 1");
  check_refused<std::uint64_t>(DType::kUint64, {1, std::numeric_limits<std::uint64_t>::max()},
                               "1 to 18446744073709551615");
}

TEST_ON_EVERY_CPU(what_floats_lost_is_reported) {
  struct Case {
    std::vector<float> values;
    bool has_nan;
    float greatest;
  };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const std::size_t at : {0U, 3U, 31U, 69U}) {
    for (const Case& one :
         {Case{{0.5F, 0.5F}, false, 0.5F}, Case{{0.5F, kNan}, true, 0.5F}, Case{{0, 255}, false, 255},
          Case{{kNan, kInfinity}, true, kInfinity}, Case{{-3, -kInfinity}, false, 0}}) {
      std::vector<float> values(70, one.values[0]);
      values[at] = one.values[1];
      const std::size_t shape[] = {7, 10};
      Buffer out;
      PixelReport report;
      to_pixels(image_array(values.data(), DType::kFloat32, shape, 2, "WH"), false, out, &report);
      CHECK_EQ(report.has_nan, one.has_nan);
      CHECK_EQ(report.greatest, one.greatest);
    }
  }
}

// The expected values are from torch 2.13's image().
TEST_ON_EVERY_CPU(known_values) {
  const std::vector<float> values = {0.5F, 1.1F,  -0.2F, 1e38F, std::numeric_limits<float>::quiet_NaN(),
                                     1.0F, 0.999F};
  const std::vector<std::uint8_t> expected = {127, 255, 0, 255, 0, 255, 254};
  const std::size_t shape[] = {1, values.size()};
  Buffer out;
  to_pixels(image_array(values.data(), DType::kFloat32, shape, 2, "HW"), false, out);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) CHECK_EQ(int{out.data()[3 * i + c]}, int{expected[i]});
  }
}

// Pixels that already have the right layout are not copied. Others, which need a conversion or another axis
// order, are refused.
TEST(pixels_in_place) {
  std::vector<std::uint8_t> values(2 * 3 * 4 * 4);
  const auto find = [&values](std::vector<std::size_t> shape, const char* axes, DType dtype = DType::kUint8) {
    const bool grid = shape.size() == 4;
    return pixels_in_place(image_array(values.data(), dtype, shape.data(), shape.size(), axes), grid);
  };
  for (const std::size_t channels : {2U, 3U, 4U}) {
    const auto view = find({3, 4, channels}, "HWC");
    CHECK(view.has_value());
    if (!view) continue;
    CHECK(view->data == values.data());
    CHECK_EQ(view->height, 3U);
    CHECK_EQ(view->width, 4U);
    CHECK_EQ(view->channels, channels);
    CHECK_EQ(view->stride, 4 * channels);
  }
  CHECK(find({1, 3, 4, 3}, "NHWC").has_value());
  CHECK(!find({2, 3, 4, 3}, "NHWC").has_value());
  CHECK(!find({3, 4, 1}, "HWC").has_value());
  CHECK(!find({3, 4}, "HW").has_value());
  CHECK(!find({3, 3, 4}, "CHW").has_value());
  CHECK(!find({3, 4, 3}, "WHC").has_value());
  CHECK(!find({3, 4, 3}, "HWC", DType::kBool).has_value());
  CHECK_THROWS(ArgumentError, find({2, 3, 5}, "HWC"));
}

TEST_ON_EVERY_CPU(lower_case_formats) {
  const std::uint8_t values[6] = {1, 2, 3, 4, 5, 6};
  const std::size_t shape[] = {1, 2, 3};
  const ImageArray images = image_array(values, DType::kUint8, shape, 3, "hwc");
  CHECK_EQ(images.width, 2U);
  CHECK_EQ(images.channels, 3U);
}

TEST_ON_EVERY_CPU(bad_arguments) {
  const std::uint8_t value = 0;
  const std::size_t shape[] = {1, 1, 1, 1};
  for (const char* formats : {"", "C", "NHW", "CHWW", "NCHWD", "HH", "XHW"}) {
    CHECK_THROWS(ArgumentError, image_array(&value, DType::kUint8, shape, std::strlen(formats), formats));
  }
  CHECK_THROWS(ArgumentError, image_array(&value, DType::kUint8, shape, 2, "CHW"));
  const std::size_t empty[] = {3, 0, 5};
  CHECK_THROWS(ArgumentError, image_array(&value, DType::kUint8, empty, 3, "CHW"));
  const std::size_t five[] = {5, 1, 1};
  CHECK_THROWS(ArgumentError, pixel_size(image_array(&value, DType::kUint8, five, 3, "CHW"), false));
  const std::size_t two[] = {1, 2, 1, 1};
  CHECK_THROWS(ArgumentError, pixel_size(image_array(&value, DType::kUint8, two, 4, "NCHW"), true));
  const std::size_t wide[] = {8, 1, 1, 1U << 30};
  CHECK_THROWS(ArgumentError, pixel_size(image_array(&value, DType::kUint8, wide, 4, "NCHW"), true));
}

TEST_MAIN()
