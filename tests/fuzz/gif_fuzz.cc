// Fuzzes the GIF encoder. The oracle is the decoder of gif_reader.h: clips with few colours must keep their
// pixels, others their size and number of frames.
#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "codec/gif/gif.h"
#include "codec/gif/gif_reader.h"
#include "input.h"

using namespace tickertape;
using namespace tickertape::fuzz;

namespace {

constexpr std::size_t kMaxBytes = 48 << 10;  // about ten times the codes that fill LZW's table

std::uint32_t rgb(const std::uint8_t* pixel) {
  return std::uint32_t{pixel[0]} << 16 | std::uint32_t{pixel[1]} << 8 | pixel[2];
}

std::uint32_t color_at(const PixelView& frame, std::size_t x, std::size_t y) {
  const std::uint8_t* pixel = frame.data + y * frame.stride + x * frame.channels;
  if (frame.channels == 1) return pixel[0] * 0x010101U;
  return rgb(pixel);
}

std::set<std::uint32_t> colors_of(const std::vector<PixelView>& frames) {
  std::set<std::uint32_t> colors;
  for (const PixelView& frame : frames) {
    for (std::size_t i = 0; i < std::size_t{frame.width} * frame.height; ++i) {
      colors.insert(color_at(frame, i % frame.width, i / frame.width));
    }
  }
  return colors;
}

void check(const std::vector<PixelView>& frames, const test::DecodedGif& gif) {
  PROMISE(gif.width == frames[0].width && gif.height == frames[0].height);
  PROMISE(gif.frames.size() == frames.size() && gif.delays.size() == frames.size());
  if (colors_of(frames).size() > 256) return;
  for (std::size_t n = 0; n < frames.size(); ++n) {
    for (std::size_t i = 0; i < gif.frames[n].size() / 3; ++i) {
      const std::uint8_t* shown = gif.frames[n].data() + 3 * i;
      PROMISE(rgb(shown) == color_at(frames[n], i % gif.width, i / gif.width));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  PixelView view;
  view.channels = input.byte() % 2 == 0 ? 1 : 3;
  view.width = 1 + static_cast<std::uint32_t>(input.up_to(2047));
  const std::size_t row_bytes = std::size_t{view.width} * view.channels;
  view.height = 1 + static_cast<std::uint32_t>(input.up_to(2047) % (kMaxBytes / row_bytes));
  view.stride = row_bytes + input.byte() % 8;
  const std::size_t count =
      1 + input.byte() % std::clamp<std::size_t>(kMaxBytes / row_bytes / view.height, 1, 8);
  const double fps = 0.25 * (1 + static_cast<double>(input.up_to(65535)));
  // Few colours, because only then pixels stay exact.
  const auto mask = static_cast<std::uint8_t>(~0U << input.byte() % 9);

  const std::size_t frame_bytes = view.stride * view.height;
  std::vector<std::uint8_t> bytes = paint(input, frame_bytes * count);
  for (std::uint8_t& byte : bytes) byte &= mask;
  std::vector<PixelView> frames(count, view);
  for (std::size_t n = 0; n < count; ++n) frames[n].data = bytes.data() + n * frame_bytes;

  Buffer file;
  encode_gif(frames, fps, file);
  check(frames, test::GifReader(file.bytes()).read());
  return 0;
}
