// Images in, one picture out in which they lie side by side: make_grid(). L1; pure, thread-safe, no I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "array/gather.h"

namespace tickertape {

// Images row by row, each with `padding` pixels around it, which neighbours share.
struct GridLayout {
  std::size_t columns = 1;
  std::size_t padding = 0;
};

// The sizes C, H and W of the grid of `images`, an array NCHW with any strides; one channel becomes
// three. Throws ArgumentError for
// another number of axes, axes of length 0, no columns, and grids beyond the address space.
std::array<std::size_t, 3> grid_shape(const ArraySource& images, GridLayout layout);

// Writes the grid, C order, to `to`, which has room for it and is aligned to its elements. They have the type
// of `images`; `filling` is one of them, for the padding and for the places without an image. Throws like
// grid_shape().
void lay_grid(const ArraySource& images, GridLayout layout, const void* filling, void* to);

// What becomes 0 and 1: `range`, or the least and the greatest value; with `each` those of every image by
// itself.
struct GridScale {
  std::optional<std::pair<double, double>> range;
  bool each = false;
};

// The same with values clipped to the range and scaled to 0..1: float64 for images of float64, float32 for
// all others. NaN stays NaN, and makes an image NaN whose range it is part of.
void lay_scaled_grid(const ArraySource& images, GridLayout layout, const GridScale& scale, double filling,
                     void* to);

}  // namespace tickertape
