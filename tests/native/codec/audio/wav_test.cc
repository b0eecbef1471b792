// WAV files field by field, and samples at the limits of their range. The Python tests read the files with
// Python's wave module.
#include "codec/audio/wav.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/endian.h"
#include "base/error.h"
#include "check.h"

using namespace tickertape;

namespace {

template <typename T>
Buffer encoded(const std::vector<T>& samples, DType dtype, std::uint32_t channels, std::uint32_t rate) {
  Buffer out;
  encode_wav({samples.data(), samples.size(), dtype}, channels, rate, out);
  return out;
}

int sample(const Buffer& file, std::size_t i) {
  return static_cast<std::int16_t>(load_le<std::uint16_t>(file.data() + 44 + 2 * i));
}

// torch's conversion of one sample.
template <typename Real>
int level(Real value) {
  if (std::isnan(value)) return 0;
  return static_cast<int>(std::clamp(value, Real{-1}, Real{1}) * Real{32767});
}

// `around` and its two neighbouring numbers, repeated so that each is at every position of a vector.
template <typename Real>
void add_neighbours(Real around, std::vector<Real>& samples) {
  for (const Real value : {std::nextafter(around, Real{-2}), around, std::nextafter(around, Real{2})}) {
    samples.push_back(value);
  }
}

template <typename Real>
void check_levels(DType dtype) {
  std::vector<Real> samples;
  for (int step = -32768; step <= 32768; ++step) add_neighbours(static_cast<Real>(step) / 32767, samples);
  using Limits = std::numeric_limits<Real>;
  for (const Real odd : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), Limits::max(),
                         -Limits::max(), Limits::denorm_min(), -Limits::denorm_min(), Real{0}, -Real{0}}) {
    for (int place = 0; place < 17; ++place) samples.push_back(place == 3 ? Real{1} : odd);
  }
  const Buffer file = encoded(samples, dtype, 1, 8000);
  for (std::size_t i = 0; i < samples.size(); ++i) CHECK_EQ(sample(file, i), level(samples[i]));
}

}  // namespace

TEST_ON_EVERY_CPU(header) {
  const Buffer file = encoded<float>({0, 0.5F, -0.5F, 1, -1, 0}, DType::kFloat32, 2, 44100);
  CHECK_EQ(file.size(), 44U + 12U);
  CHECK_EQ(as_text(file.bytes().first(4)), "RIFF");
  CHECK_EQ(load_le<std::uint32_t>(file.data() + 4), 36U + 12U);
  CHECK_EQ(as_text(file.bytes().subspan(8, 8)), "WAVEfmt ");
  CHECK_EQ(load_le<std::uint32_t>(file.data() + 16), 16U);
  CHECK_EQ(load_le<std::uint16_t>(file.data() + 20), 1);
  CHECK_EQ(load_le<std::uint16_t>(file.data() + 22), 2);
  CHECK_EQ(load_le<std::uint32_t>(file.data() + 24), 44100U);
  CHECK_EQ(load_le<std::uint32_t>(file.data() + 28), 44100U * 4);
  CHECK_EQ(load_le<std::uint16_t>(file.data() + 32), 4);
  CHECK_EQ(load_le<std::uint16_t>(file.data() + 34), 16);
  CHECK_EQ(as_text(file.bytes().subspan(36, 4)), "data");
  CHECK_EQ(load_le<std::uint32_t>(file.data() + 40), 12U);
}

TEST_ON_EVERY_CPU(samples_are_clipped_scaled_and_truncated) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> samples = {0.5F,  -0.5F,    1.0F,      -1.0F,         1.5F,
                                      -7.0F, infinity, -infinity, std::nanf(""), 1e-5F};
  const std::vector<int> expected = {16383, -16383, 32767, -32767, 32767, -32767, 32767, -32767, 0, 0};
  const Buffer file = encoded(samples, DType::kFloat32, 1, 8000);
  for (std::size_t i = 0; i < samples.size(); ++i) CHECK_EQ(sample(file, i), expected[i]);
}

// More than one block of the conversion, for doubles and for integers.
TEST_ON_EVERY_CPU(other_types) {
  std::vector<double> waves;
  std::vector<std::int64_t> steps;
  for (int i = 0; i < 5000; ++i) {
    waves.push_back(std::sin(i * 0.01));
    steps.push_back(i % 3 - 1);
  }
  const Buffer smooth = encoded(waves, DType::kFloat64, 1, 8000);
  const Buffer square = encoded(steps, DType::kInt64, 1, 8000);
  for (std::size_t i = 0; i < waves.size(); ++i) {
    CHECK_EQ(sample(smooth, i), static_cast<int>(waves[i] * 32767));
    CHECK_EQ(sample(square, i), steps[i] * 32767);
  }
}

template <typename T, typename Level>
void check_by_type(DType dtype, Level level) {
  std::vector<T> samples;
  for (int i = -32768; i < 32768; ++i) {
    const auto scale = sizeof(T) > 2 ? 65536 + 1 : 1;
    samples.push_back(static_cast<T>(static_cast<std::int64_t>(i) * scale));
  }
  const Buffer file = encoded(samples, dtype, 1, 8000);
  for (std::size_t i = 0; i < samples.size(); ++i) CHECK_EQ(sample(file, i), level(samples[i]));
}

TEST(integers_are_as_loud_as_their_type_says) {
  check_by_type<std::int16_t>(DType::kInt16, [](int value) { return value; });
  check_by_type<std::int32_t>(DType::kInt32,
                              [](int value) { return static_cast<int>(std::floor(value / 65536.0)); });
  check_by_type<std::int8_t>(DType::kInt8, [](int value) { return value * 256; });
  check_by_type<std::uint8_t>(DType::kUint8, [](int value) { return (value - 128) * 256; });
}

TEST(integers_of_no_known_loudness) {
  CHECK_THROWS(ArgumentError, encoded<std::int64_t>({0, 2}, DType::kInt64, 1, 8000));
  CHECK_THROWS(ArgumentError, encoded<std::uint16_t>({0, 1000}, DType::kUint16, 1, 8000));
  CHECK_THROWS(ArgumentError, encoded<std::uint64_t>({~std::uint64_t{0}}, DType::kUint64, 1, 8000));
  CHECK_THROWS(ArgumentError, check_wav((std::size_t{1} << 30), 1, 8000));
}

TEST_ON_EVERY_CPU(levels_at_every_edge) {
  check_levels<float>(DType::kFloat32);
  check_levels<double>(DType::kFloat64);
}

TEST_ON_EVERY_CPU(no_samples) { CHECK_EQ(encoded<float>({}, DType::kFloat32, 1, 8000).size(), 44U); }

TEST_ON_EVERY_CPU(bad_arguments) {
  const std::vector<float> three = {0, 0, 0};
  CHECK_THROWS(ArgumentError, encoded(three, DType::kFloat32, 0, 8000));
  CHECK_THROWS(ArgumentError, encoded(three, DType::kFloat32, 40000, 8000));
  CHECK_THROWS(ArgumentError, encoded(three, DType::kFloat32, 2, 8000));
  CHECK_THROWS(ArgumentError, encoded(three, DType::kFloat32, 1, 0));
  CHECK_THROWS(ArgumentError, encoded(three, DType::kFloat32, 3, 1000000000));
}

TEST_MAIN()
