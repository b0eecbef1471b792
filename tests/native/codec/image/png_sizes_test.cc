// PNG files of every size from 1 x 1 to 70 x 70 in 1 to 4 channels, on every set of CPU features, read back
// by inflate.h and libpng.
#include <cstdio>

#include "check.h"
#include "codec/image/libpng.h"
#include "codec/image/pictures.h"
#include "codec/image/png.h"

using namespace tickertape;
using namespace tickertape::test;

namespace {

constexpr std::uint32_t kLargest = 70;

constexpr std::uint32_t kStep = kIsSlow ? 6 : 1;  // of heights

Buffer encoded(const Picture& picture) {
  Buffer out;
  encode_png(picture.view(), out);
  return out;
}

bool same_bytes(const Buffer& a, const Buffer& b) { return as_text(a.bytes()) == as_text(b.bytes()); }

void check(const Kind& kind, std::uint32_t width, std::uint32_t height, std::uint32_t channels) {
  const Picture picture = paint(width, height, channels, kind.paint);
  const int before = failures();
  const Buffer file = SAME_ON_EVERY_CPU([&] { return encoded(picture); }, same_bytes);
  CHECK_EQ(misread(file.bytes(), picture.view()), "");
  if (failures() != before) {
    std::fprintf(stderr, "  %s, %u x %u x %u\n", kind.name, width, height, channels);
  }
}

}  // namespace

// Two kinds of picture for each size, so that neighbouring sizes together cover all kinds.
TEST(every_size) {
  const std::vector<Kind> all = kinds();
  std::size_t pictures = 0;
  for (std::uint32_t width = 1; width <= kLargest; ++width) {
    for (std::uint32_t height = 1 + width % kStep; height <= kLargest; height += kStep) {
      for (std::uint32_t channels = 1; channels <= 4; ++channels, ++pictures) {
        check(all[pictures % 10], width, height, channels);
        check(all[(pictures + 3 + height % 5) % 10], width, height, channels);
      }
    }
  }
  std::printf("%zu sizes and channel counts, %s\n", pictures,
              kHasLibpng ? "read by libpng too" : "libpng skipped: not found when this was built");
}

// Both readers notice a changed byte and a missing byte.
TEST(readers_see_damage) {
  const Picture picture = paint(9, 7, 3, kinds()[0].paint);
  const Buffer file = encoded(picture);
  for (std::size_t at = 0; at < file.size(); ++at) {
    std::vector<std::uint8_t> changed(file.data(), file.data() + file.size());
    changed[at] ^= 4;
    CHECK_THROWS(std::runtime_error, decode_png(changed));
  }
  CHECK_THROWS(std::runtime_error, decode_png(file.bytes().first(file.size() - 1)));
#if defined(TICKERTAPE_LIBPNG)
  std::vector<std::uint8_t> changed(file.data(), file.data() + file.size());
  changed[60] ^= 4;  // in the compressed pixels
  CHECK_THROWS(std::runtime_error, decode_with_libpng(changed));
  CHECK_THROWS(std::runtime_error, decode_with_libpng(file.bytes().first(60)));
#endif
}

TEST_MAIN()
