// Maps pixels to palette indices: by hashing if the palette is exact, otherwise by cells of the colour cube.
// L1; part of the GIF encoder.
#include "codec/gif/palette.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/endian.h"

namespace tickertape {

using namespace palette_impl;

namespace {

constexpr unsigned kPlaceBits = 12;  // sixteen places for each colour, so that there are few collisions
constexpr std::uint32_t kPlaceMask = (1U << kPlaceBits) - 1;
// Set in used places, to distinguish black from a free place.
constexpr std::uint32_t kUsed = 1U << 24;
// Number of pixels that are compared with the previous pixel in one step. Clips with few colours mostly have
// flat areas.
constexpr std::uint32_t kStep = 16;

// Calls visit(x, color) for the pixels of a row from left to right; red is in the lowest byte of `color`. If
// the pixels [x, x + kStep) all equal pixel x - 1, calls repeat(x) for them instead.
template <typename Visit, typename Repeat>
void for_each_color(const PixelView& frame, std::uint32_t y, Visit visit, Repeat repeat) {
  const std::uint8_t* row = frame.data + y * frame.stride;
  const std::size_t channels = frame.channels;
  // The last pixel is read byte by byte, because reading 4 bytes would read past the end of the row.
  const std::uint32_t last = frame.width - 1;
  for (std::uint32_t x = 0; x < last;) {
    const std::uint8_t* at = row + x * channels;
    const std::uint32_t end = std::min(x + kStep, last);
    if (x > 0 && end == x + kStep && std::memcmp(at - channels, at, kStep * channels) == 0) {
      repeat(x);
      x = end;
    } else if (channels == 1) {
      for (; x < end; ++x) visit(x, row[x] * 0x010101U);
    } else {
      for (; x < end; ++x, at += 3) visit(x, load_le<std::uint32_t>(at) & 0xFFFFFFU);
    }
  }
  const std::uint8_t* at = row + last * channels;
  const auto byte = [&](std::size_t c) { return std::uint32_t{at[channels == 1 ? 0 : c]}; };
  visit(last, byte(0) | byte(1) << 8 | byte(2) << 16);
}

// Bayer's 8 x 8 thresholds, 0..63: the bits of x ^ y and y, interleaved and reversed.
constexpr int bayer(std::uint32_t x, std::uint32_t y) {
  int value = 0;
  for (unsigned bit = 0; bit < 3; ++bit) {
    value = value << 2 | static_cast<int>(((x ^ y) >> bit & 1) << 1 | (y >> bit & 1));
  }
  return value;
}

// Shifts between -4 and 3. They cover the width of one cell of the colour cube, so that neighbouring cells
// blend.
Shifts dither(std::uint32_t y) {
  Shifts shifts;
  for (std::uint32_t x = 0; x < shifts.size(); ++x) {
    shifts[x] = static_cast<signed char>(bayer(x, y % 8) / 8 - 4);
  }
  return shifts;
}

}  // namespace

Palette::Palette(std::span<const PixelView> frames) {
  exact_ = collect(frames);
  if (exact_) return;
  colors_ = cut_colors(frames);
  prepare_search();
  cells_.resize(frames[0].width);
}

// Collects the colours. Returns false as soon as there are more than kMaxColors.
bool Palette::collect(std::span<const PixelView> frames) {
  places_.assign(std::size_t{1} << kPlaceBits, 0);
  indices_.resize(std::size_t{1} << kPlaceBits);
  for (std::size_t n = 0; n < frames.size(); ++n) {
    for (std::uint32_t y = 0; y < frames[n].height; ++y) {
      if (n > 0 && is_same_row(frames[n - 1], frames[n], y)) continue;
      if (!collect_row(frames[n], y)) return false;
    }
  }
  return true;
}

bool Palette::collect_row(const PixelView& frame, std::uint32_t y) {
  std::size_t too_many = 0;
  for_each_color(
      frame, y,
      [&](std::uint32_t /*x*/, std::uint32_t color) {
        const std::uint32_t place = place_of(color);
        if (places_[place] != 0) [[likely]]
          return;
        if (colors_.size() == kMaxColors) {
          ++too_many;
          return;
        }
        places_[place] = color | kUsed;
        indices_[place] = static_cast<std::uint8_t>(colors_.size());
        colors_.push_back({static_cast<std::uint8_t>(color), static_cast<std::uint8_t>(color >> 8),
                           static_cast<std::uint8_t>(color >> 16)});
      },
      [](std::uint32_t /*x*/) {});
  return too_many == 0;
}

// The place of `color` in the table of an exact palette, or the free place where it would be inserted.
inline std::uint32_t Palette::place_of(std::uint32_t color) const {
  // Fibonacci hashing: 2^32 divided by the golden ratio.
  std::uint32_t place = color * 0x9E3779B9U >> (32 - kPlaceBits);
  while (places_[place] != (color | kUsed) && places_[place] != 0) place = (place + 1) & kPlaceMask;
  return place;
}

// For each channel and level: the squared distance from the middle of the level's cells to each colour. The
// terms of red have the colour's index in their lowest byte, so that the first of equally near colours is
// chosen.
void Palette::prepare_search() {
  nearest_.assign(kCells, -1);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    terms_[channel].resize(std::size_t{1} << kCellBits);
    for (std::size_t level = 0; level < terms_[channel].size(); ++level) {
      const int middle = static_cast<int>((level << kCellShift) + (1 << kCellShift) / 2);
      Terms& terms = terms_[channel][level];
      terms.fill(1 << 28);  // larger than the term of any colour: 3 * 255^2, shifted left by 8
      for (std::size_t i = 0; i < colors_.size(); ++i) {
        const int value = channel == 0 ? colors_[i].red : channel == 1 ? colors_[i].green : colors_[i].blue;
        const int square = (value - middle) * (value - middle);
        terms[i] = square << 8 | (channel == 0 ? static_cast<int>(i) : 0);
      }
    }
  }
}

std::uint8_t Palette::nearest_index(std::size_t cell) {
  constexpr std::size_t kMask = (1U << kCellBits) - 1;
  const std::int32_t least = least_sum(terms_[0][cell >> (2 * kCellBits)],
                                       terms_[1][cell >> kCellBits & kMask], terms_[2][cell & kMask]);
  nearest_[cell] = static_cast<std::uint8_t>(least);
  return static_cast<std::uint8_t>(least);
}

void Palette::map_row(const PixelView& frame, std::uint32_t y, std::uint8_t* indices) {
  if (exact_) {
    for_each_color(
        frame, y, [&](std::uint32_t x, std::uint32_t color) { indices[x] = indices_[place_of(color)]; },
        [&](std::uint32_t x) { std::memset(indices + x, indices[x - 1], kStep); });
    return;
  }
  cells_of_row(frame.data + y * frame.stride, frame.width, dither(y), cells_.data());
  int all = 0;  // negative if any index is
  for (std::uint32_t x = 0; x < frame.width; ++x) {
    const int index = nearest_[cells_[x]];
    indices[x] = static_cast<std::uint8_t>(index);
    all |= index;
  }
  if (all >= 0) return;
  for (std::uint32_t x = 0; x < frame.width; ++x) {
    if (nearest_[cells_[x]] < 0) nearest_index(cells_[x]);
    indices[x] = static_cast<std::uint8_t>(nearest_[cells_[x]]);
  }
}

}  // namespace tickertape
