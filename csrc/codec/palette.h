// At most 256 colours for a clip: the very ones where it has no more, otherwise a good choice. L1; pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/pixels.h"

namespace tickertape {

struct Rgb {
  std::uint8_t red, green, blue;
};

// One palette for all frames of a clip, and the way from a pixel to its index. Depends on the pixels alone,
// in whole numbers. Not thread-safe: looking up remembers.
class Palette {
 public:
  // `frames` have 1 (gray) or 3 (RGB) channels.
  explicit Palette(std::span<const PixelView> frames);

  std::span<const Rgb> colors() const { return colors_; }

  // True when each pixel finds its own colour.
  bool exact() const { return exact_; }

  // Writes the indices of row `y` of `frame`. Where the palette is not exact, an ordered dither spreads the
  // error; it is the same in each frame, so what stands still stays still.
  void map_row(const PixelView& frame, std::uint32_t y, std::uint8_t* indices);

 private:
  bool collect(std::span<const PixelView> frames);
  void choose(std::span<const PixelView> frames);
  std::int16_t& place_of(Rgb color);
  std::uint8_t nearest_index(std::size_t cell);

  std::vector<Rgb> colors_;
  bool exact_ = false;
  // Exact palettes: open addressing; indices of colours, -1 where a place is free.
  std::vector<std::int16_t> places_;
  // Other palettes: for each cell of the colour cube the index of the nearest colour, or -1 while nobody
  // asked.
  std::vector<std::int16_t> nearest_;
};

}  // namespace tickertape
