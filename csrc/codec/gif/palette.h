// Chooses at most 256 colours for a clip: exactly its own if it has no more, otherwise the best
// approximation. L1; pure; part of the GIF encoder.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "codec/gif/palette_impl.h"
#include "codec/image/pixels.h"

namespace tickertape {

struct Rgb {
  std::uint8_t red, green, blue;
};

// True if row `y` has the same pixels in both frames. The frames must have the same size and number of
// channels.
inline bool is_same_row(const PixelView& a, const PixelView& b, std::uint32_t y) {
  return std::memcmp(a.data + y * a.stride, b.data + y * b.stride, std::size_t{a.width} * a.channels) == 0;
}

// Chooses at most 256 colours that approximate those of `frames`, which have 3 channels.
std::vector<Rgb> cut_colors(std::span<const PixelView> frames);

// The palette of a clip, and the map from its pixels to palette indices. Uses integers only, so the result
// depends on the pixels alone. Not thread-safe: map_row() caches results.
class Palette {
 public:
  // `frames` have 1 (grey) or 3 (RGB) channels; all have the same size and number of channels.
  explicit Palette(std::span<const PixelView> frames);

  std::span<const Rgb> colors() const { return colors_; }

  // True if every pixel's colour is in the palette.
  bool exact() const { return exact_; }

  // Writes the indices of row `y` of `frame`, one byte each. If the palette is not exact, an ordered dither
  // spreads the error. It is the same in every frame, so a still part of the clip does not flicker.
  void map_row(const PixelView& frame, std::uint32_t y, std::uint8_t* indices);

 private:
  bool collect(std::span<const PixelView> frames);
  bool collect_row(const PixelView& frame, std::uint32_t y);
  std::uint32_t place_of(std::uint32_t color) const;
  void prepare_search();
  std::uint8_t nearest_index(std::size_t cell);

  std::vector<Rgb> colors_;
  bool exact_ = false;
  // For an exact palette: a hash table with open addressing. Colours (0 if a place is free) and their
  // indices.
  std::vector<std::uint32_t> places_;
  std::vector<std::uint8_t> indices_;
  // For other palettes: the index of the nearest colour of each cell of the colour cube (-1 if not computed
  // yet), the distance terms of each channel's levels, and the cells of one row.
  std::vector<std::int16_t> nearest_;
  std::array<std::vector<palette_impl::Terms>, 3> terms_;
  std::vector<std::uint16_t> cells_;
};

}  // namespace tickertape
