// A simple GIF reader, so that the encoder's output is read back natively. Slow and strict: it throws on
// anything unusual. Pillow is a second oracle, in the Python tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/endian.h"
#include "codec/image/inflate.h"

namespace tickertape::test {

struct DecodedGif {
  std::uint32_t width = 0, height = 0;
  std::size_t palette_size = 0;
  std::vector<unsigned> delays;
  std::vector<std::size_t> areas;                 // number of pixels that each frame stores
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
    require(at_ == file_.size(), "bytes after the trailer");
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

  // LZW as in appendix F, with strings stored in full.
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
        require((at + 7) / 8 == data.size(), "bytes after the end code");
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

}  // namespace tickertape::test
