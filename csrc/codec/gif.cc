// The GIF89a container (CompuServe, 1990): one palette, and for each frame the rectangle that changed. L1.
// Section numbers below are the specification's.
#include "codec/gif.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/endian.h"
#include "base/error.h"
#include "codec/lzw.h"
#include "codec/palette.h"

namespace tickertape {
namespace {

constexpr std::uint32_t kMaxSide = 65535;
// Browsers take a delay of 0 or 1 hundredths for a mistake and show such frames ten times a second.
constexpr double kMinDelay = 2;
constexpr double kMaxDelay = 65535;
constexpr std::uint8_t kImage = 0x2C, kTrailer = 0x3B;  // sections 20 and 27
// Section 23: an extension of four bytes; "leave in place" when the frame's time is over.
constexpr std::uint8_t kGraphicControl[] = {0x21, 0xF9, 4, 1 << 2};
// Netscape's extension: repeat for ever.
constexpr std::string_view kLoop("\x21\xFF\x0BNETSCAPE2.0\x03\x01\x00\x00\x00", 19);

struct Rectangle {
  std::uint32_t left, top, right, bottom;  // right and bottom are outside
};

void put_16(std::uint32_t value, Buffer& out) { store_le(out.extend(2), static_cast<std::uint16_t>(value)); }

void check(std::span<const PixelView> frames, double fps) {
  if (frames.empty()) throw ArgumentError("a GIF needs a frame");
  if (!(fps > 0) || std::isinf(fps)) throw ArgumentError("fps must be a positive number");
  for (const PixelView& frame : frames) {
    if (frame.channels != 1 && frame.channels != 3) {
      throw ArgumentError("a GIF's frames have 1 or 3 channels, not " + std::to_string(frame.channels));
    }
    if (frame.width != frames[0].width || frame.height != frames[0].height) {
      throw ArgumentError("a GIF's frames must have one size");
    }
  }
  const auto fits = [](std::uint32_t side) { return side >= 1 && side <= kMaxSide; };
  if (!fits(frames[0].width) || !fits(frames[0].height)) {
    throw ArgumentError("GIF size " + std::to_string(frames[0].width) + " x " +
                        std::to_string(frames[0].height) + " is outside 1 to 65535");
  }
}

// Bits of an index: the palette's size is a power of two, and LZW knows no less than 2 bits (appendix F).
unsigned index_bits(std::size_t colors) {
  return std::max(2U, static_cast<unsigned>(std::bit_width(colors - 1)));
}

void write_header(const PixelView& frame, std::span<const Rgb> colors, Buffer& out) {
  const unsigned bits = index_bits(colors.size());
  out.append(as_bytes("GIF89a"));
  put_16(frame.width, out);
  put_16(frame.height, out);
  // Section 18: a global palette of 2^bits colours, 8 bits a channel, background 0, square pixels.
  const std::uint8_t rest[] = {static_cast<std::uint8_t>(0x80 | 7 << 4 | (bits - 1)), 0, 0};
  out.append(rest);
  for (const Rgb color : colors) {
    const std::uint8_t bytes[] = {color.red, color.green, color.blue};
    out.append(bytes);
  }
  const std::size_t unused = 3 * ((std::size_t{1} << bits) - colors.size());
  std::fill_n(out.extend(unused), unused, std::uint8_t{0});
  out.append(as_bytes(kLoop));
}

// The smallest rectangle outside which the two frames of indices agree; one pixel where they agree
// everywhere.
Rectangle changed(const std::vector<std::uint8_t>& before, const std::vector<std::uint8_t>& now,
                  std::uint32_t width) {
  const auto height = static_cast<std::uint32_t>(now.size() / width);
  Rectangle box{width, height, 0, 0};
  for (std::uint32_t y = 0; y < height; ++y) {
    const auto* a = before.data() + std::size_t{y} * width;
    const auto* b = now.data() + std::size_t{y} * width;
    const auto first = static_cast<std::uint32_t>(std::mismatch(a, a + width, b).first - a);
    if (first == width) continue;
    std::uint32_t last = width;
    while (a[last - 1] == b[last - 1]) --last;
    box = {std::min(box.left, first), std::min(box.top, y), std::max(box.right, last), y + 1};
  }
  return box.right == 0 ? Rectangle{0, 0, 1, 1} : box;
}

// Hundredths of a second that frame `n` stays: the difference of rounded times, so that roundings do not add
// up.
std::uint32_t delay(std::size_t n, double fps) {
  // Fixed point, because a product and a sum of doubles may be rounded once or twice, as the processor has
  // it.
  constexpr unsigned kFraction = 20;
  const auto period =
      static_cast<std::uint64_t>(std::clamp(100 / fps, kMinDelay, kMaxDelay) * (1U << kFraction));
  const auto until = [period](std::size_t frame) {
    return (frame * period + (1U << (kFraction - 1))) >> kFraction;
  };
  return static_cast<std::uint32_t>(until(n + 1) - until(n));
}

}  // namespace

void encode_gif(std::span<const PixelView> frames, double fps, Buffer& out) {
  check(frames, fps);
  Palette palette(frames);
  const std::uint32_t width = frames[0].width, height = frames[0].height;
  const unsigned bits = index_bits(palette.colors().size());
  write_header(frames[0], palette.colors(), out);
  LzwEncoder lzw;
  std::vector<std::uint8_t> now(std::size_t{width} * height), before;
  for (std::size_t n = 0; n < frames.size(); ++n) {
    for (std::uint32_t y = 0; y < height; ++y)
      palette.map_row(frames[n], y, now.data() + std::size_t{y} * width);
    const Rectangle box = n == 0 ? Rectangle{0, 0, width, height} : changed(before, now, width);
    out.append(kGraphicControl);
    put_16(delay(n, fps), out);
    put_16(0, out);  // no transparent colour; end of the extension
    out.push_back(kImage);
    for (const std::uint32_t value : {box.left, box.top, box.right - box.left, box.bottom - box.top}) {
      put_16(value, out);
    }
    out.push_back(0);  // no palette of its own, not interlaced
    lzw.begin(bits, out);
    for (std::uint32_t y = box.top; y < box.bottom; ++y) {
      lzw.add({now.data() + std::size_t{y} * width + box.left, box.right - box.left}, out);
    }
    lzw.end(out);
    if (before.empty()) before.resize(now.size());
    std::swap(before, now);
  }
  out.push_back(kTrailer);
}

}  // namespace tickertape
