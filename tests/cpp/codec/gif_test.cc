// GIF files read back by a small decoder of our own: exact palettes keep their pixels, others come close;
// delays, and rectangles of what changed. Pillow is the other oracle, in the Python tests.
#include "codec/gif.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/endian.h"
#include "base/error.h"
#include "check.h"

using namespace tickertape;

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

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("bad GIF: ") + what);
}

struct DecodedGif {
  std::uint32_t width = 0, height = 0;
  std::size_t palette_size = 0;
  std::vector<unsigned> delays;
  std::vector<std::size_t> areas;                 // pixels that each frame stores
  std::vector<std::vector<std::uint8_t>> frames;  // RGB, as shown
};

class GifReader {
 public:
  explicit GifReader(Bytes file) : file_(file) {}

  DecodedGif read() {
    require(as_text(take(6)) == "GIF89a", "signature");
    DecodedGif gif;
    gif.width = take_16();
    gif.height = take_16();
    const unsigned flags = take(1)[0];
    take(2);
    require((flags & 0x80) != 0, "no palette");
    gif.palette_size = std::size_t{2} << (flags & 7);
    const Bytes palette = take(3 * gif.palette_size);
    std::vector<std::uint8_t> screen(std::size_t{gif.width} * gif.height * 3);
    for (;;) {
      const unsigned what = take(1)[0];
      if (what == 0x3B) break;
      if (what == 0x21) {
        read_extension(gif);
      } else {
        require(what == 0x2C, "neither extension nor image");
        read_image(gif, palette, screen);
      }
    }
    require(at_ == file_.size(), "bytes behind the trailer");
    return gif;
  }

 private:
  Bytes take(std::size_t size) {
    require(file_.size() - at_ >= size, "ends too early");
    at_ += size;
    return file_.subspan(at_ - size, size);
  }
  unsigned take_16() { return load_le<std::uint16_t>(take(2).data()); }

  std::vector<std::uint8_t> take_blocks() {
    std::vector<std::uint8_t> data;
    while (const std::size_t size = take(1)[0]) {
      const Bytes block = take(size);
      data.insert(data.end(), block.begin(), block.end());
    }
    return data;
  }

  void read_extension(DecodedGif& gif) {
    const unsigned label = take(1)[0];
    const std::vector<std::uint8_t> data = take_blocks();
    if (label == 0xF9) gif.delays.push_back(load_le<std::uint16_t>(data.data() + 1));
    if (label == 0xFF) require(as_text(data).substr(0, 11) == "NETSCAPE2.0", "application");
  }

  void read_image(DecodedGif& gif, Bytes palette, std::vector<std::uint8_t>& screen) {
    const unsigned left = take_16(), top = take_16(), width = take_16(), height = take_16();
    require(left + width <= gif.width && top + height <= gif.height, "rectangle");
    require(take(1)[0] == 0, "image flags");
    const unsigned bits = take(1)[0];
    const std::vector<std::uint8_t> indices = unpack(bits, take_blocks());
    require(indices.size() == std::size_t{width} * height, "number of pixels");
    for (std::size_t i = 0; i < indices.size(); ++i) {
      require(indices[i] < gif.palette_size, "index");
      const std::size_t pixel = (top + i / width) * gif.width + left + i % width;
      std::copy_n(palette.data() + 3 * indices[i], 3, screen.data() + 3 * pixel);
    }
    gif.frames.push_back(screen);
    gif.areas.push_back(indices.size());
  }

  // LZW as appendix F has it, strings spelt out.
  static std::vector<std::uint8_t> unpack(unsigned bits, const std::vector<std::uint8_t>& data) {
    const unsigned clear = 1U << bits;
    std::vector<std::vector<std::uint8_t>> strings;
    std::vector<std::uint8_t> out, before;
    unsigned width = bits + 1;
    for (std::size_t at = 0;;) {
      unsigned code = 0;
      for (unsigned i = 0; i < width; ++i, ++at) {
        require(at / 8 < data.size(), "codes end too early");
        code |= (data[at / 8] >> (at % 8) & 1U) << i;
      }
      if (code == clear) {
        strings.assign(clear + 2, {});
        for (unsigned i = 0; i < clear; ++i) strings[i] = {static_cast<std::uint8_t>(i)};
        width = bits + 1;
        before.clear();
        continue;
      }
      if (code == clear + 1) {
        require((at + 7) / 8 == data.size(), "bytes behind the end code");
        return out;
      }
      require(code < strings.size() || (code == strings.size() && !before.empty()), "unknown code");
      std::vector<std::uint8_t> now = code < strings.size() ? strings[code] : before;
      if (code == strings.size()) now.push_back(before[0]);
      out.insert(out.end(), now.begin(), now.end());
      if (!before.empty() && strings.size() < 4096) {
        before.push_back(now[0]);
        strings.push_back(before);
      }
      if (strings.size() == 1U << width && width < 12) ++width;
      before = now;
    }
  }

  Bytes file_;
  std::size_t at_ = 0;
};

DecodedGif decoded(const Clip& clip, double fps = 4) {
  Buffer out;
  encode_gif(clip.views(), fps, out);
  const DecodedGif gif = GifReader(out.bytes()).read();
  CHECK_EQ(gif.width, clip.width);
  CHECK_EQ(gif.height, clip.height);
  CHECK_EQ(gif.frames.size(), clip.frames.size());
  CHECK_EQ(gif.delays.size(), clip.frames.size());
  return gif;
}

// Largest difference between what was given and what is shown.
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

TEST(gray_is_always_exact) {
  const Clip one = paint(61, 43, 1, 3, [](auto, auto, auto, auto) { return noise(); });
  CHECK_EQ(worst(one, decoded(one)), 0);
  const Clip three = paint(300, 20, 3, 2, [](auto t, auto x, auto, auto) { return x + t; });
  CHECK_EQ(worst(three, decoded(three)), 0);
}

// Enough pixels for the table of strings to fill up and start over, several times, at every code width.
TEST(long_images) {
  for (const std::uint32_t colours : {2U, 6U, 100U, 256U}) {
    const Clip clip = paint(256, 200, 1, 1, [=](auto, auto, auto, auto) { return noise() % colours; });
    CHECK_EQ(worst(clip, decoded(clip)), 0);
  }
  const Clip flat = paint(1000, 700, 1, 2, [](auto, auto, auto, auto) { return 9; });
  CHECK_EQ(worst(flat, decoded(flat)), 0);
}

TEST(small_images) {
  for (std::uint32_t width = 1; width < 20; ++width) {
    for (std::uint32_t height = 1; height < 20; ++height) {
      const Clip clip = paint(width, height, 1, 2, [](auto, auto, auto, auto) { return noise() % 9; });
      CHECK_EQ(worst(clip, decoded(clip)), 0);
    }
  }
}

TEST(many_colours_come_close) {
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
  CHECK_THROWS(ArgumentError, (encode({{pixels, 1, 1, 4, 4}}, 4), 0));
  CHECK_THROWS(ArgumentError, (encode({{pixels, 0, 1, 1, 1}}, 4), 0));
  CHECK_THROWS(ArgumentError, (encode({{pixels, 70000, 1, 1, 70000}}, 4), 0));
}

TEST_MAIN()
