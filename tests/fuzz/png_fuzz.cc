// The PNG encoder with a decoder behind it; every instruction set must give the same bytes.
#include <array>
#include <vector>

#include "base/cpu.h"
#include "codec/inflate.h"
#include "codec/png.h"
#include "input.h"

using namespace tickertape;
using namespace tickertape::fuzz;

namespace {

// Enough for a second block of deflate (128 KiB) now and then; most pictures are small, for speed.
constexpr std::size_t kMostBytes = 160 << 10;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  PixelView pixels;
  pixels.channels = 1 + input.byte() % 4;
  pixels.width = 1 + static_cast<std::uint32_t>(input.up_to(4095));
  const std::size_t row_bytes = std::size_t{pixels.width} * pixels.channels;
  pixels.height = 1 + static_cast<std::uint32_t>(input.up_to(4095) % (kMostBytes / row_bytes));
  pixels.stride = row_bytes + input.byte() % 8;
  // Exactly the bytes that the view has: the last row has nothing behind it.
  const std::vector<std::uint8_t> bytes = paint(input, pixels.stride * (pixels.height - 1) + row_bytes);
  pixels.data = bytes.data();

  Buffer file;
  encode_png(pixels, file);
  const test::DecodedPng image = test::decode_png(file.bytes());
  PROMISE(image.width == pixels.width && image.height == pixels.height && image.channels == pixels.channels);
  for (std::size_t y = 0; y < pixels.height; ++y) {
    PROMISE(std::memcmp(bytes.data() + y * pixels.stride, image.pixels.data() + y * row_bytes, row_bytes) ==
            0);
  }

  disable_cpu_features(~0U);
  Buffer portable;
  encode_png(pixels, portable);
  disable_cpu_features(0);
  PROMISE(std::ranges::equal(file.bytes(), portable.bytes()));
  return 0;
}
