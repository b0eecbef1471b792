// GIF files read back by gif_reader.h: exact palettes keep their pixels, others are close; delays; rectangles
// of changes.
#include "codec/gif/gif.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/error.h"
#include "check.h"
#include "codec/gif/gif_reader.h"

using namespace tickertape;
using namespace tickertape::test;

namespace {

struct Clip {
  std::uint32_t width, height, channels;
  std::vector<std::vector<std::uint8_t>> frames;

  std::vector<PixelView> views() const {
    std::vector<PixelView> all;
    for (const auto& frame : frames)
      all.push_back({frame.data(), width, height, channels, std::size_t{width} * channels});
    return all;
  }
};

template <typename Paint>
Clip paint(std::uint32_t width, std::uint32_t height, std::uint32_t channels, std::uint32_t count,
           Paint value) {
  Clip clip{width, height, channels, {}};
  for (std::uint32_t t = 0; t < count; ++t) {
    auto& frame = clip.frames.emplace_back();
    for (std::uint32_t y = 0; y < height; ++y) {
      for (std::uint32_t x = 0; x < width; ++x) {
        for (std::uint32_t c = 0; c < channels; ++c)
          frame.push_back(static_cast<std::uint8_t>(value(t, x, y, c)));
      }
    }
  }
  return clip;
}

DecodedGif decoded(const Clip& clip, double fps = 4) {
  const auto encode = [&] {
    Buffer file;
    encode_gif(clip.views(), fps, file);
    return file;
  };
  const Buffer out = SAME_ON_EVERY_CPU(
      encode, [](const Buffer& a, const Buffer& b) { return as_text(a.bytes()) == as_text(b.bytes()); });
  const DecodedGif gif = GifReader(out.bytes()).read();
  CHECK_EQ(gif.width, clip.width);
  CHECK_EQ(gif.height, clip.height);
  CHECK_EQ(gif.frames.size(), clip.frames.size());
  CHECK_EQ(gif.delays.size(), clip.frames.size());
  return gif;
}

// The largest difference between the given and the shown pixels.
int worst(const Clip& clip, const DecodedGif& gif) {
  int most = 0;
  for (std::size_t t = 0; t < clip.frames.size(); ++t) {
    for (std::size_t i = 0; i < gif.frames[t].size(); ++i) {
      const std::size_t from = clip.channels == 1 ? i / 3 : i;
      most = std::max(most, std::abs(int{clip.frames[t][from]} - int{gif.frames[t][i]}));
    }
  }
  return most;
}

std::uint32_t noise() {
  static std::mt19937 random(3);
  return static_cast<std::uint32_t>(random());
}

}  // namespace

TEST(few_colours_stay_exact) {
  for (const std::uint32_t colours : {1U, 2U, 3U, 4U, 5U, 16U, 17U, 255U, 256U}) {
    const auto value = [=](auto, auto x, auto y, auto c) {
      return 255 - (x * 7 + y * 13) % colours * (c == 0) - c;
    };
    const Clip clip = paint(50, 40, 3, 2, value);
    CHECK_EQ(worst(clip, decoded(clip)), 0);
  }
}

TEST(grey_is_always_exact) {
  const Clip one = paint(61, 43, 1, 3, [](auto, auto, auto, auto) { return noise(); });
  CHECK_EQ(worst(one, decoded(one)), 0);
  const Clip three = paint(300, 20, 3, 2, [](auto t, auto x, auto, auto) { return x + t; });
  CHECK_EQ(worst(three, decoded(three)), 0);
}

// Enough pixels to fill the table of strings and clear it several times, at every code width.
TEST(long_images) {
  for (const std::uint32_t colours : {2U, 6U, 100U, 256U}) {
    const Clip clip = paint(256, 200, 1, 1, [=](auto, auto, auto, auto) { return noise() % colours; });
    CHECK_EQ(worst(clip, decoded(clip)), 0);
  }
  const Clip flat = paint(1000, 700, 1, 2, [](auto, auto, auto, auto) { return 9; });
  CHECK_EQ(worst(flat, decoded(flat)), 0);
}

// Runs of one index of every length, in sequence and repeated: they take LZW's shortcut.
TEST(runs) {
  for (const std::uint32_t colours : {1U, 2U, 3U, 40U, 256U}) {
    for (const std::uint32_t longest : {3U, 9U, 60U, 5000U}) {
      std::uint32_t colour = 0, left = 0;
      const Clip clip = paint(251, 160, 1, 2, [&](auto, auto, auto, auto) {
        if (left-- == 0) colour = noise() % colours, left = noise() % longest;
        return colour;
      });
      CHECK_EQ(worst(clip, decoded(clip)), 0);
    }
  }
}

// One and two changed pixels at every position of a row, and unchanged rows between changed ones.
TEST(changes_at_every_place) {
  for (std::uint32_t x0 = 0; x0 < 40; ++x0) {
    const Clip clip = paint(40, 9, 3, 3, [=](auto t, auto x, auto y, auto) {
      const bool first = x == x0 && y == 2, second = x == (x0 * 7 + 3) % 40 && y == 6;
      return t > 0 && (first || (second && t > 1)) ? 200 : 10;
    });
    const DecodedGif gif = decoded(clip);
    CHECK_EQ(worst(clip, gif), 0);
    CHECK_EQ(gif.areas[1], 1U);
    CHECK_EQ(gif.areas[2], 1U);
  }
}

TEST(small_images) {
  for (std::uint32_t width = 1; width < 20; ++width) {
    for (std::uint32_t height = 1; height < 20; ++height) {
      const Clip clip = paint(width, height, 1, 2, [](auto, auto, auto, auto) { return noise() % 9; });
      CHECK_EQ(worst(clip, decoded(clip)), 0);
    }
  }
}

TEST(many_colours_are_approximated) {
  const Clip clip = paint(128, 96, 3, 3, [](auto t, auto x, auto y, auto c) {
    return 128 + 80 * std::sin(x * 0.05 + c) + 40 * std::cos(y * 0.07 + t * 0.2);
  });
  const DecodedGif gif = decoded(clip);
  CHECK_EQ(gif.palette_size, 256U);
  CHECK(worst(clip, gif) <= 32);
}

TEST(only_what_changes_is_stored) {
  const Clip clip = paint(100, 80, 3, 4, [](auto t, auto x, auto y, auto) {
    return x >= 10 * t && x < 10 * t + 5 && y >= 20 && y < 30 ? 200 : 10;
  });
  const DecodedGif gif = decoded(clip);
  CHECK_EQ(worst(clip, gif), 0);
  CHECK_EQ(gif.areas[0], 8000U);
  for (std::size_t t = 1; t < 4; ++t) CHECK_EQ(gif.areas[t], 150U);
  const Clip still = paint(30, 30, 1, 3, [](auto, auto x, auto, auto) { return x; });
  CHECK_EQ(decoded(still).areas[2], 1U);
}

TEST(delays_add_up) {
  const Clip clip = paint(2, 2, 1, 30, [](auto t, auto, auto, auto) { return t; });
  const auto total = [&clip](double fps) {
    unsigned sum = 0;
    for (const unsigned delay : decoded(clip, fps).delays) sum += delay;
    return sum;
  };
  CHECK_EQ(total(30), 100U);
  CHECK_EQ(total(7), 429U);
  CHECK_EQ(total(4), 750U);
  CHECK_EQ(total(1000), 60U);
  CHECK_EQ(total(1e-9), 30U * 65535U);
}

TEST(bad_arguments) {
  Buffer out;
  const std::uint8_t pixels[16] = {};
  const PixelView good{pixels, 1, 1, 1, 1};
  const auto encode = [&out](std::vector<PixelView> frames, double fps) { encode_gif(frames, fps, out); };
  CHECK_THROWS(ArgumentError, (encode({}, 4), 0));
  CHECK_THROWS(ArgumentError, (encode({good}, 0), 0));
  CHECK_THROWS(ArgumentError, (encode({good}, std::nan("")), 0));
  CHECK_THROWS(ArgumentError, (encode({good}, std::numeric_limits<double>::infinity()), 0));
  CHECK_THROWS(ArgumentError, (encode({good, {pixels, 2, 1, 1, 2}}, 4), 0));
  CHECK_THROWS(ArgumentError, (encode({good, {pixels, 1, 1, 3, 3}}, 4), 0));
  CHECK_THROWS(ArgumentError, (encode({{pixels, 1, 1, 4, 4}}, 4), 0));
  CHECK_THROWS(ArgumentError, (encode({{pixels, 0, 1, 1, 1}}, 4), 0));
  CHECK_THROWS(ArgumentError, (encode({{pixels, 70000, 1, 1, 70000}}, 4), 0));
}

TEST_MAIN()
