// Pictures of the kinds that users log, computed pixel by pixel. For the tests of the PNG encoder.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "codec/image/pixels.h"

namespace tickertape::test {

struct Picture {
  std::uint32_t width, height, channels;
  std::vector<std::uint8_t> pixels;

  PixelView view() const { return {pixels.data(), width, height, channels, std::size_t{width} * channels}; }
};

// The byte of column x, row y, channel c.
using Paint = std::function<unsigned(std::uint32_t x, std::uint32_t y, std::uint32_t c)>;

inline Picture paint(std::uint32_t width, std::uint32_t height, std::uint32_t channels, const Paint& value) {
  Picture picture{width, height, channels, {}};
  picture.pixels.reserve(std::size_t{width} * height * channels);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      for (std::uint32_t c = 0; c < channels; ++c) {
        picture.pixels.push_back(static_cast<std::uint8_t>(value(x, y, c)));
      }
    }
  }
  return picture;
}

struct Kind {
  const char* name;
  Paint paint;
};

inline std::vector<Kind> kinds() {
  static std::mt19937 random(11);
  const auto wave = [](double x, double y) {
    return 128 + 60 * std::sin(x * 0.11 + y * 0.03) + 50 * std::cos(y * 0.07 - x * 0.02);
  };
  return {
      {"noise", [](auto, auto, auto) { return static_cast<unsigned>(random()); }},
      {"flat", [](auto, auto, auto c) { return 40 * (c + 1); }},
      {"black", [](auto, auto, auto) { return 0U; }},
      {"gradient", [](auto x, auto y, auto c) { return c == 0   ? x
                                                       : c == 1 ? y
                                                                : (x + y) / 2; }},
      {"photograph",
       [=](auto x, auto y, auto c) {
         return static_cast<unsigned>(wave(x + 3 * c, y)) + static_cast<unsigned>(random() % 6);
       }},
      {"checkers", [](auto x, auto y, auto) { return (x / 5 + y / 5) % 2 * 255; }},
      {"digit", [](auto x, auto y, auto) { return x / 3 % 7 == 2 && y / 2 % 9 > 1 ? 250U : 0U; }},
      {"steps", [](auto x, auto y, auto) { return static_cast<unsigned>(std::hypot(x, y) * 0.3); }},
      {"rare noise",
       [](auto, auto, auto) { return random() % 40 == 0 ? static_cast<unsigned>(random()) : 255U; }},
      {"slopes", [](auto x, auto y, auto c) { return c == 0   ? x / 2
                                                     : c == 1 ? y / 2
                                                              : 128U; }},
      {"curves on a grid",
       [](auto x, auto y, auto c) {
         const auto near = std::abs(static_cast<double>(y) - 40 - 30 * std::sin(x * 0.05));
         return near < 2                     ? static_cast<unsigned>(90 * near) + 20 * c
                : x % 32 == 9 || y % 64 == 9 ? 176U
                                             : 255U;
       }},
      {"repeated rows of noise", [](auto x, auto, auto c) { return (x * 2654435761U + c * 40503U) >> 13; }},
  };
}

}  // namespace tickertape::test
