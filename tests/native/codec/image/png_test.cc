// PNG files read back by inflate.h and libpng: large and unusual shapes, strips, every kind of picture. They
// have the same bytes with and without SIMD and are never much larger than the pixels. png_sizes_test.cc has
// the small sizes.
#include "codec/image/png.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "check.h"
#include "codec/image/libpng.h"
#include "codec/image/pictures.h"
#include "executors.h"

using namespace tickertape;
using namespace tickertape::test;

namespace {

Buffer encoded(const Picture& picture) {
  Buffer out;
  encode_png(picture.view(), out);
  return out;
}

bool same_bytes(const Buffer& a, const Buffer& b) { return as_text(a.bytes()) == as_text(b.bytes()); }

// Reads the file back. It must be the same with and without SIMD.
void check_round_trip(const Picture& picture, const char* name) {
  const int before = failures();
  const Buffer file = SAME_ON_EVERY_CPU([&] { return encoded(picture); }, same_bytes);
  CHECK_EQ(misread(file.bytes(), picture.view()), "");
  if (failures() != before) {
    std::fprintf(stderr, "  %s, %u x %u x %u\n", name, picture.width, picture.height, picture.channels);
  }
}

}  // namespace

// Several deflate blocks, so that the window slides.
TEST(large_pictures) {
  for (const Kind& kind : kinds()) {
    check_round_trip(paint(700, 300, 3, kind.paint), kind.name);
    check_round_trip(paint(1000, 300, 1, kind.paint), kind.name);
  }
}

// Drawings above photographs above drawings, so that the filter of the previous rows stops being good.
TEST(rows_of_several_kinds) {
  const std::vector<Kind> all = kinds();
  for (const std::size_t rows : {1U, 2U, 7U, 40U}) {
    for (const std::uint32_t width : {3U, 31U, 33U, 200U}) {
      const Paint mixed = [&](auto x, auto y, auto c) { return all[y / rows % all.size()].paint(x, y, c); };
      check_round_trip(paint(width, 300, 3, mixed), "rows of several kinds");
      check_round_trip(paint(width, 300, 4, mixed), "rows of several kinds");
    }
  }
}

// A row that is longer than a block, and rows that end exactly at the end of a block.
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

TEST(rows_with_gaps) {
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

Buffer encoded_by(Executor& executor, const Picture& picture) {
  Buffer out;
  encode_png(picture.view(), out, &executor);
  return out;
}

}  // namespace

// Pictures of about the sizes at which the number of strips changes, and one whose rows are longer than a
// strip.
TEST(strips_do_not_depend_on_the_executor) {
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
      Shuffled shuffled;
      CHECK(as_text(encoded_by(backwards, picture).bytes()) == as_text(alone.bytes()));
      CHECK_EQ(backwards.parts, std::size_t{strips});
      CHECK(as_text(encoded_by(threads, picture).bytes()) == as_text(alone.bytes()));
      CHECK(as_text(encoded_by(shuffled, picture).bytes()) == as_text(alone.bytes()));
    }
  }
}

// The raw bytes, one filter byte for each row, 0.2 %, and the fixed parts: signature, IHDR, IEND, one IDAT, 6
// bytes of zlib.
TEST(noise_stays_small) {
  for (const std::uint32_t side : {1U, 16U, 64U, 300U, 600U}) {
    const Picture picture = paint(side, side, 3, kinds()[0].paint);
    const std::size_t raw = picture.pixels.size() + side;
    CHECK(encoded(picture).size() <= raw + raw / 500 + 8 + 25 + 12 + 12 + 6 + 6);
  }
}

TEST(simple_pictures_become_small) {
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
