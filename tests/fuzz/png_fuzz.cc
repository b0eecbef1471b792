// Fuzzes the PNG encoder. The oracles are the decoder of inflate.h and, if available, libpng; every
// instruction set must write the same bytes.
#include <algorithm>
#include <vector>

#include "codec/image/libpng.h"
#include "codec/image/png.h"
#include "cpu_sets.h"
#include "input.h"

using namespace tickertape;
using namespace tickertape::fuzz;

namespace {

// Enough for a second deflate block (after 224 KiB) now and then. Most pictures are small, for speed.
constexpr std::size_t kMaxBytes = 256 << 10;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  PixelView pixels;
  pixels.channels = 1 + input.byte() % 4;
  pixels.width = 1 + static_cast<std::uint32_t>(input.up_to(4095));
  const std::size_t row_bytes = std::size_t{pixels.width} * pixels.channels;
  pixels.height = 1 + static_cast<std::uint32_t>(input.up_to(4095) % (kMaxBytes / row_bytes));
  pixels.stride = row_bytes + input.byte() % 8;
  // Exactly the bytes of the view, so that a sanitizer notices reads past the last row.
  const std::vector<std::uint8_t> bytes = paint(input, pixels.stride * (pixels.height - 1) + row_bytes);
  pixels.data = bytes.data();

  Buffer file;
  encode_png(pixels, file);
  PROMISE(test::misread(file.bytes(), pixels).empty());
  test::on_every_cpu([&] {
    Buffer again;
    encode_png(pixels, again);
    PROMISE(std::ranges::equal(file.bytes(), again.bytes()));
  });
  return 0;
}
