// At most 256 colours for a clip: the very ones where it has no more, otherwise a good choice. L1; pure.
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

// True when row `y` has the same pixels in two frames of one size and number of channels.
inline bool is_same_row(const PixelView& a, const PixelView& b, std::uint32_t y) {
  return std::memcmp(a.data + y * a.stride, b.data + y * b.stride, std::size_t{a.width} * a.channels) == 0;
}

// At most 256 colours that stand for those of all `frames`, which have 3 channels.
std::vector<Rgb> cut_colors(std::span<const PixelView> frames);

// One palette for all frames of a clip, and the way from a pixel to its index. Depends on the pixels alone,
// in whole numbers. Not thread-safe: looking up remembers.
class Palette {
 public:
  // `frames` have 1 (gray) or 3 (RGB) channels, all the same, and one size.
  explicit Palette(std::span<const PixelView> frames);

  std::span<const Rgb> colors() const { return colors_; }

  // True when each pixel finds its own colour.
  bool exact() const { return exact_; }

  // Writes the indices of row `y` of `frame`. Where the palette is not exact, an ordered dither spreads the
  // error; it is the same in each frame, so what stands still stays still.
  void map_row(const PixelView& frame, std::uint32_t y, std::uint8_t* indices);

 private:
  bool collect(std::span<const PixelView> frames);
  bool collect_row(const PixelView& frame, std::uint32_t y);
  std::uint32_t place_of(std::uint32_t color) const;
  void prepare_search();
  std::uint8_t nearest_index(std::size_t cell);

  std::vector<Rgb> colors_;
  bool exact_ = false;
  // Exact palettes, open addressing: colours, 0 where a place is free, and their indices.
  std::vector<std::uint32_t> places_;
  std::vector<std::uint8_t> indices_;
  // Other palettes: for each cell of the colour cube the index of the nearest colour, or -1 while nobody
  // asked; for each level of a channel what it adds to the distance of each colour; the cells of one row.
  std::vector<std::int16_t> nearest_;
  std::array<std::vector<palette_impl::Terms>, 3> terms_;
  std::vector<std::uint16_t> cells_;
};

}  // namespace tickertape
