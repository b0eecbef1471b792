// Palettes on every set of CPU features: in clips with few colours every pixel has its own colour; in others
// it has the colour that a slow search finds.
#include "codec/gif/palette.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "check.h"

using namespace tickertape;

namespace {

struct Picture {
  std::uint32_t width, height;
  std::size_t stride;
  std::vector<std::uint8_t> bytes;

  PixelView view() const { return {bytes.data(), width, height, 3, stride}; }
  int at(std::uint32_t x, std::uint32_t y, std::size_t c) const { return bytes[y * stride + x * 3 + c]; }
};

// Rows with a few bytes between them, but none after the last pixel, so that a sanitizer notices reads past
// it.
template <typename Value>
Picture paint(std::uint32_t width, std::uint32_t height, std::size_t gap, Value value) {
  Picture picture{width, height, std::size_t{width} * 3 + gap, {}};
  picture.bytes.resize(picture.stride * (height - 1) + std::size_t{width} * 3, 77);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      for (std::uint32_t c = 0; c < 3; ++c) {
        picture.bytes[y * picture.stride + x * 3 + c] = static_cast<std::uint8_t>(value(x, y, c));
      }
    }
  }
  return picture;
}

std::vector<std::uint8_t> mapped(Palette& palette, const PixelView& view, std::uint32_t y) {
  std::vector<std::uint8_t> indices(view.width);
  palette.map_row(view, y, indices.data());
  return indices;
}

// Bayer's 8 x 8 matrix as usually printed.
constexpr int kBayer[8][8] = {{0, 32, 8, 40, 2, 34, 10, 42},  {48, 16, 56, 24, 50, 18, 58, 26},
                              {12, 44, 4, 36, 14, 46, 6, 38}, {60, 28, 52, 20, 62, 30, 54, 22},
                              {3, 35, 11, 43, 1, 33, 9, 41},  {51, 19, 59, 27, 49, 17, 57, 25},
                              {15, 47, 7, 39, 13, 45, 5, 37}, {63, 31, 55, 23, 61, 29, 53, 21}};

// The first colour that is nearest to the middle of the cell (8 x 8 x 8 colours) that contains the dithered
// pixel.
std::size_t slowly_found(const Palette& palette, const Picture& picture, std::uint32_t x, std::uint32_t y) {
  int middle[3];
  for (std::size_t c = 0; c < 3; ++c) {
    const int shifted = picture.at(x, y, c) + kBayer[y % 8][x % 8] / 8 - 4;
    middle[c] = std::clamp(shifted, 0, 255) / 8 * 8 + 4;
  }
  const auto distance = [&middle](Rgb color) {
    const int off[3] = {color.red - middle[0], color.green - middle[1], color.blue - middle[2]};
    return off[0] * off[0] + off[1] * off[1] + off[2] * off[2];
  };
  const auto colors = palette.colors();
  const auto nearest =
      std::min_element(colors.begin(), colors.end(), [&](Rgb a, Rgb b) { return distance(a) < distance(b); });
  return static_cast<std::size_t>(nearest - colors.begin());
}

std::uint32_t noise() {
  static std::mt19937 random(5);
  return static_cast<std::uint32_t>(random());
}

}  // namespace

TEST_ON_EVERY_CPU(many_colours_map_to_the_nearest) {
  for (std::uint32_t width : {1U, 2U, 15U, 16U, 17U, 31U, 33U, 64U, 65U, 131U}) {
    const std::uint32_t height = 1 + 900 / width;
    const Picture noisy = paint(width, height, width % 5, [](auto, auto, auto) { return noise(); });
    const Picture smooth = paint(width, height, 0, [](auto x, auto y, auto c) {
      return 128 + 90 * std::sin((x + 40 * y) * 0.01 + c) + 30 * std::cos(y * 0.7 + x * 0.2);
    });
    for (const Picture& picture : {noisy, smooth}) {
      const PixelView view = picture.view();
      Palette palette({&view, 1});
      CHECK(!palette.exact());
      std::size_t wrong = 0;
      for (std::uint32_t y = 0; y < height; ++y) {
        const auto indices = mapped(palette, view, y);
        for (std::uint32_t x = 0; x < width; ++x) {
          wrong += indices[x] != slowly_found(palette, picture, x, y);
        }
      }
      CHECK_EQ(wrong, 0U);
    }
  }
}

TEST(same_colours_on_every_cpu) {
  const Picture picture = paint(211, 97, 4, [](auto x, auto y, auto) { return (x * y >> 3) + noise() % 40; });
  const PixelView views[] = {picture.view(), picture.view()};
  const auto colors = [&views] {
    const Palette palette(views);
    std::vector<int> all;
    for (const Rgb color : palette.colors()) all.insert(all.end(), {color.red, color.green, color.blue});
    return all;
  };
  CHECK_EQ(SAME_ON_EVERY_CPU(colors, std::equal_to<>()).size(), 3U * 256U);
}

// Runs that start and end at every position within the pixels that are compared in one step.
TEST_ON_EVERY_CPU(few_colours_are_exact) {
  for (std::uint32_t width = 1; width < 80; ++width) {
    std::uint32_t color = 0, left = 0;
    const Picture picture = paint(width, 30, width % 3, [&](auto, auto, auto c) {
      if (c == 0 && left-- == 0) color = noise() % 256, left = noise() % 40;
      return color * 37 + (c == 1 ? color : 0);
    });
    const PixelView view = picture.view();
    Palette palette({&view, 1});
    CHECK(palette.exact());
    for (std::uint32_t y = 0; y < view.height; ++y) {
      const auto indices = mapped(palette, view, y);
      for (std::uint32_t x = 0; x < width; ++x) {
        const Rgb shown = palette.colors()[indices[x]];
        CHECK(shown.red == picture.at(x, y, 0) && shown.green == picture.at(x, y, 1) &&
              shown.blue == picture.at(x, y, 2));
      }
    }
  }
}

TEST_MAIN()
