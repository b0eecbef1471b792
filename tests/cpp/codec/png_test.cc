// PNG files read back natively: every small size, every channel count, every kind of picture; the same bytes
// with and without SIMD; never much larger than the pixels.
#include "codec/png.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/cpu.h"
#include "base/error.h"
#include "check.h"
#include "codec/inflate.h"

using namespace tickertape;

namespace {

struct Picture {
  std::uint32_t width, height, channels;
  std::vector<std::uint8_t> pixels;

  PixelView view() const { return {pixels.data(), width, height, channels, std::size_t{width} * channels}; }
};

// A byte for column x, row y, channel c.
using Paint = std::function<unsigned(std::uint32_t x, std::uint32_t y, std::uint32_t c)>;

Picture paint(std::uint32_t width, std::uint32_t height, std::uint32_t channels, const Paint& value) {
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

std::vector<Kind> kinds() {
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
      {"repeated rows of noise", [](auto x, auto, auto c) { return (x * 2654435761U + c * 40503U) >> 13; }},
  };
}

Buffer encoded(const Picture& picture) {
  Buffer out;
  encode_png(picture.view(), out);
  return out;
}

// Reads the file back and compares; then encodes without SIMD and compares the bytes.
void check_round_trip(const Picture& picture, const char* name) {
  const Buffer fast = encoded(picture);
  const test::DecodedPng decoded = test::decode_png(fast.bytes());
  const bool same = decoded.width == picture.width && decoded.height == picture.height &&
                    decoded.channels == picture.channels && decoded.pixels == picture.pixels;
  CHECK(same);
  disable_cpu_features(~0U);
  const Buffer plain = encoded(picture);
  disable_cpu_features(0);
  const bool identical = as_text(fast.bytes()) == as_text(plain.bytes());
  CHECK(identical);
  if (!same || !identical) {
    std::fprintf(stderr, "  %s, %u x %u x %u\n", name, picture.width, picture.height, picture.channels);
  }
}

}  // namespace

TEST(every_small_size) {
  for (const Kind& kind : kinds()) {
    for (std::uint32_t size = 1; size <= 70; ++size) {
      for (std::uint32_t channels = 1; channels <= 4; ++channels) {
        check_round_trip(paint(size, 1 + size * 7 % 23, channels, kind.paint), kind.name);
        check_round_trip(paint(1 + size * 5 % 17, size, channels, kind.paint), kind.name);
      }
    }
  }
}

// Several deflate blocks and a window that slides.
TEST(large_pictures) {
  for (const Kind& kind : kinds()) {
    check_round_trip(paint(700, 300, 3, kind.paint), kind.name);
    check_round_trip(paint(1000, 200, 1, kind.paint), kind.name);
  }
}

// A row longer than a block, and rows that end exactly where a block ends.
TEST(odd_shapes) {
  const std::vector<Kind> all = kinds();
  for (const std::size_t k : {0U, 3U, 4U}) {
    check_round_trip(paint(100000, 3, 4, all[k].paint), all[k].name);
    check_round_trip(paint(1, 100000, 3, all[k].paint), all[k].name);
    check_round_trip(paint(1023, 256, 1, all[k].paint), all[k].name);
    check_round_trip(paint(1023, 128, 1, all[k].paint), all[k].name);
    check_round_trip(paint(341, 129, 3, all[k].paint), all[k].name);
  }
}

TEST(rows_apart) {
  const Picture picture = paint(50, 20, 3, kinds()[4].paint);
  std::vector<std::uint8_t> wide(20 * 200, 77);
  for (std::size_t y = 0; y < 20; ++y)
    std::copy_n(picture.pixels.data() + y * 150, 150, wide.data() + y * 200);
  Buffer out;
  out.append(as_bytes("before"));
  encode_png({wide.data(), 50, 20, 3, 200}, out);
  CHECK_EQ(as_text(out.bytes().first(6)), "before");
  CHECK(as_text(out.bytes().subspan(6)) == as_text(encoded(picture).bytes()));
}

namespace {

// The strips in whatever order: last first, or each in a thread of its own.
class Backwards : public Executor {
 public:
  void run_parts(std::size_t count, const std::function<void(std::size_t)>& part) override {
    parts += count;
    while (count > 0) part(--count);
  }
  std::size_t parts = 0;
};

class Threads : public Executor {
 public:
  void run_parts(std::size_t count, const std::function<void(std::size_t)>& part) override {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) threads.emplace_back(part, i);
    for (std::thread& thread : threads) thread.join();
  }
};

Buffer encoded_by(Executor& executor, const Picture& picture) {
  Buffer out;
  encode_png(picture.view(), out, &executor);
  return out;
}

}  // namespace

// Pictures around the sizes at which there is one strip more, and one whose rows are longer than a strip.
TEST(strips_do_not_depend_on_who_encodes_them) {
  constexpr std::uint32_t kMiB = 1 << 20;
  const std::vector<Kind> all = kinds();
  for (const std::size_t k : {0U, 2U, 3U, 5U}) {
    for (const auto& [width, height, strips] : {std::array<std::uint32_t, 3>{1023, 2047, 0},
                                                {1023, 2048, 2},
                                                {1023, 5 * 1024 - 1, 4},
                                                {3 * kMiB, 2, 2}}) {
      const Picture picture = paint(width, height, 1, all[k].paint);
      check_round_trip(picture, all[k].name);
      const Buffer alone = encoded(picture);
      Backwards backwards;
      Threads threads;
      CHECK(as_text(encoded_by(backwards, picture).bytes()) == as_text(alone.bytes()));
      CHECK_EQ(backwards.parts, std::size_t{strips});
      CHECK(as_text(encoded_by(threads, picture).bytes()) == as_text(alone.bytes()));
    }
  }
}

// Raw bytes, one filter byte a row, 0.2 %, and what any PNG has: signature, IHDR, IEND, one IDAT, zlib's 6.
TEST(noise_stays_small) {
  for (const std::uint32_t side : {1U, 16U, 64U, 300U, 600U}) {
    const Picture picture = paint(side, side, 3, kinds()[0].paint);
    const std::size_t raw = picture.pixels.size() + side;
    CHECK(encoded(picture).size() <= raw + raw / 500 + 8 + 25 + 12 + 12 + 6 + 6);
  }
}

TEST(simple_pictures_get_small) {
  CHECK(encoded(paint(512, 512, 3, kinds()[1].paint)).size() < 5000);
  CHECK(encoded(paint(512, 512, 1, kinds()[5].paint)).size() < 5000);
}

TEST(sizes_that_png_does_not_have) {
  const std::uint8_t pixel[4] = {};
  Buffer out;
  CHECK_THROWS(ArgumentError, encode_png({pixel, 0, 1, 1, 1}, out));
  CHECK_THROWS(ArgumentError, encode_png({pixel, 1, 0, 1, 1}, out));
  CHECK_THROWS(ArgumentError, encode_png({pixel, 1U << 31, 1, 1, 1}, out));
  CHECK_THROWS(ArgumentError, encode_png({pixel, 1, 1, 0, 1}, out));
  CHECK_THROWS(ArgumentError, encode_png({pixel, 1, 1, 5, 5}, out));
}

TEST_MAIN()
