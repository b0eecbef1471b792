// The GIF89a container (CompuServe, 1990): one palette, and for each frame the rectangle that changed. L1.
// Section numbers below refer to this specification.
#include "codec/gif/gif.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/endian.h"
#include "base/error.h"
#include "codec/gif/lzw.h"
#include "codec/gif/palette.h"

namespace tickertape {
namespace {

constexpr std::uint32_t kIndicesAtOnce = sizeof(std::uint64_t);  // number of indices compared in one step
constexpr std::uint32_t kMaxGifSide = 65535;
// In hundredths of a second. Browsers treat a delay of 0 or 1 as an error and show such frames ten times a
// second.
constexpr double kMinDelay = 2;
constexpr double kMaxDelay = 65535;
constexpr std::uint8_t kImage = 0x2C, kTrailer = 0x3B;  // sections 20 and 27
// Section 23: an extension of four bytes. Disposal method 1: leave the frame in place.
constexpr std::uint8_t kGraphicControl[] = {0x21, 0xF9, 4, 1 << 2};
// Netscape's extension: repeat forever.
constexpr std::string_view kLoop("\x21\xFF\x0BNETSCAPE2.0\x03\x01\x00\x00\x00", 19);

struct Rectangle {
  std::uint32_t left, top, right, bottom;  // right and bottom are exclusive
};

void put_16(std::uint32_t value, Buffer& out) { store_le(out.extend(2), static_cast<std::uint16_t>(value)); }

void check(std::span<const PixelView> frames, double fps) {
  if (frames.empty()) throw ArgumentError("frames: expected at least one, got none");
  if (!(fps > 0) || std::isinf(fps))
    throw ArgumentError("fps: expected a positive number, got " + std::to_string(fps));
  for (const PixelView& frame : frames) {
    if (frame.channels != 1 && frame.channels != 3) {
      throw ArgumentError("frames: expected 1 or 3 channels, got " + std::to_string(frame.channels));
    }
    if (frame.width != frames[0].width || frame.height != frames[0].height ||
        frame.channels != frames[0].channels) {
      throw ArgumentError("frames: expected the same size and channels in all, got different ones");
    }
  }
  const auto fits = [](std::uint32_t side) { return side >= 1 && side <= kMaxGifSide; };
  if (!fits(frames[0].width) || !fits(frames[0].height)) {
    throw ArgumentError("frames: expected 1 to 65535 pixels a side, got " + std::to_string(frames[0].width) +
                        " x " + std::to_string(frames[0].height));
  }
}

// Bits of an index. The palette's size is a power of two, and LZW needs at least 2 bits (appendix F).
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

// The first position at which two rows of indices differ; `width` if they are equal.
std::uint32_t first_difference(const std::uint8_t* a, const std::uint8_t* b, std::uint32_t width) {
  std::uint32_t x = 0;
  for (; x + kIndicesAtOnce <= width; x += kIndicesAtOnce) {
    const std::uint64_t different = load_le<std::uint64_t>(a + x) ^ load_le<std::uint64_t>(b + x);
    if (different != 0) return x + static_cast<std::uint32_t>(std::countr_zero(different)) / 8;
  }
  while (x < width && a[x] == b[x]) ++x;
  return x;
}

// One past the last position at which two different rows of indices differ.
std::uint32_t end_of_difference(const std::uint8_t* a, const std::uint8_t* b, std::uint32_t width) {
  std::uint32_t end = width;
  for (; end >= kIndicesAtOnce; end -= kIndicesAtOnce) {
    const std::uint64_t different =
        load_le<std::uint64_t>(a + end - kIndicesAtOnce) ^ load_le<std::uint64_t>(b + end - kIndicesAtOnce);
    if (different != 0) return end - static_cast<std::uint32_t>(std::countl_zero(different)) / 8;
  }
  while (end > 0 && a[end - 1] == b[end - 1]) --end;
  return end;
}

// The palette indices that a viewer shows after each frame.
class Screen {
 public:
  Screen(std::uint32_t width, std::uint32_t height)
      : width_(width), indices_(std::size_t{width} * height), row_(width) {}

  // Shows frame `n`. Returns the smallest rectangle that contains every change, or one pixel if nothing
  // changed.
  Rectangle show(std::span<const PixelView> frames, std::size_t n, Palette& palette) {
    const std::uint32_t height = frames[n].height;
    if (n == 0) {
      for (std::uint32_t y = 0; y < height; ++y) palette.map_row(frames[n], y, row_at(y));
      return {0, 0, width_, height};
    }
    Rectangle box{width_, height, 0, 0};
    for (std::uint32_t y = 0; y < height; ++y) {
      if (is_same_row(frames[n - 1], frames[n], y)) continue;
      palette.map_row(frames[n], y, row_.data());
      const std::uint32_t first = first_difference(row_.data(), row_at(y), width_);
      if (first == width_) continue;
      const std::uint32_t end = end_of_difference(row_.data(), row_at(y), width_);
      box = {std::min(box.left, first), std::min(box.top, y), std::max(box.right, end), y + 1};
      std::copy(row_.begin(), row_.end(), row_at(y));
    }
    return box.right == 0 ? Rectangle{0, 0, 1, 1} : box;
  }

  // The indices in `box`, row by row. Valid until the next call.
  Bytes part(Rectangle box) {
    const std::size_t width = box.right - box.left;
    if (width == width_) return {row_at(box.top), width * (box.bottom - box.top)};
    part_.resize(width * (box.bottom - box.top));
    auto to = part_.begin();
    for (std::uint32_t y = box.top; y < box.bottom; ++y) to = std::copy_n(row_at(y) + box.left, width, to);
    return part_;
  }

 private:
  std::uint8_t* row_at(std::uint32_t y) { return indices_.data() + std::size_t{y} * width_; }

  std::uint32_t width_;
  std::vector<std::uint8_t> indices_, row_, part_;
};

// The duration of frame `n` in hundredths of a second. It is the difference of two rounded times, so that
// rounding errors do not add up.
std::uint32_t delay(std::size_t n, double fps) {
  // Fixed point, because compilers may fuse a product and a sum of doubles on some processors, which rounds
  // differently.
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
  Screen screen(width, height);
  for (std::size_t n = 0; n < frames.size(); ++n) {
    const Rectangle box = screen.show(frames, n, palette);
    out.append(kGraphicControl);
    put_16(delay(n, fps), out);
    put_16(0, out);  // no transparent colour; end of the extension
    out.push_back(kImage);
    for (const std::uint32_t value : {box.left, box.top, box.right - box.left, box.bottom - box.top}) {
      put_16(value, out);
    }
    out.push_back(0);  // no palette of its own, not interlaced
    lzw.begin(bits, out);
    lzw.add(screen.part(box), out);
    lzw.end(out);
  }
  out.push_back(kTrailer);
}

}  // namespace tickertape
