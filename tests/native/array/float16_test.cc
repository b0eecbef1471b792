// float16 conversion against its definition (IEEE 754-2008, section 3.4), alone and inside the codecs that
// use it.
#include "array/float16.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/endian.h"
#include "check.h"
#include "codec/audio/wav.h"
#include "codec/gif/clip.h"

using namespace tickertape;

namespace {

constexpr std::size_t kAll = 65536;
constexpr int kBias = 15, kMantissaBits = 10;

float by_definition(std::uint16_t bits) {
  const int exponent = bits >> kMantissaBits & 31, mantissa = bits & 1023;
  float magnitude = 0;
  if (exponent == 31) {
    magnitude = mantissa == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(mantissa), 1 - kBias - kMantissaBits);
  } else {
    magnitude = std::ldexp(static_cast<float>(1024 + mantissa), exponent - kBias - kMantissaBits);
  }
  return std::copysign(magnitude, bits >> 15 != 0 ? -1.0F : 1.0F);
}

bool same(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

std::vector<std::uint16_t> every_half() {
  std::vector<std::uint16_t> all(kAll);
  for (std::size_t i = 0; i < kAll; ++i) all[i] = static_cast<std::uint16_t>(i);
  return all;
}

}  // namespace

TEST_ON_EVERY_CPU(every_value) {
  const std::vector<std::uint16_t> all = every_half();
  std::vector<float> values(kAll);
  float16_to_float32(all.data(), kAll, values.data());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kAll; ++i) {
    wrong += !same(values[i], by_definition(all[i]));
    wrong += !same(float16_value(all[i]), by_definition(all[i]));
  }
  CHECK_EQ(wrong, 0U);
}

TEST_ON_EVERY_CPU(every_length_and_place) {
  const std::vector<std::uint16_t> all = every_half();
  for (std::size_t from = 0x3BF0; from < 0x3C00; ++from) {
    for (std::size_t count = 0; count <= 70; ++count) {
      std::vector<float> values(count + 2, 7.5F);
      float16_to_float32(all.data() + from, count, values.data() + 1);
      CHECK(values.front() == 7.5F && values.back() == 7.5F);
      for (std::size_t i = 0; i < count; ++i) CHECK(same(values[i + 1], by_definition(all[from + i])));
    }
  }
}

TEST_ON_EVERY_CPU(samples) {
  const std::vector<std::uint16_t> all = every_half();
  Buffer file;
  encode_wav({all.data(), kAll, DType::kFloat16}, 1, 8000, file);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kAll; ++i) {
    const float value = by_definition(all[i]);
    const int level = std::isnan(value) ? 0 : static_cast<int>(std::clamp(value, -1.0F, 1.0F) * 32767.0F);
    wrong += static_cast<std::int16_t>(load_le<std::uint16_t>(file.data() + 44 + 2 * i)) != level;
  }
  CHECK_EQ(wrong, 0U);
}

TEST_ON_EVERY_CPU(frames) {
  const std::vector<std::uint16_t> all = every_half();
  Buffer frames;
  to_frames({all.data(), kAll, DType::kFloat16}, {1, 1, 1, 256, 256}, frames);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kAll; ++i) {
    const float shade = by_definition(all[i]) * 255.0F;
    const int byte = std::isnan(shade) ? 0 : static_cast<int>(std::clamp(shade, 0.0F, 255.0F));
    for (std::size_t c = 0; c < 3; ++c) wrong += frames.data()[3 * i + c] != byte;
  }
  CHECK_EQ(wrong, 0U);
}

TEST_MAIN()
