// Arranges images as a grid in one picture, as torchvision's make_grid() does. L1; pure, thread-safe, no I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "array/gather.h"

namespace tickertape {

// Images are placed row by row, each with `padding` pixels around it. Neighbours share the padding between
// them.
struct GridLayout {
  std::size_t columns = 1;
  std::size_t padding = 0;
};

// Returns the sizes C, H and W of the grid of `images`, an NCHW array with any strides. One channel becomes
// three. Throws ArgumentError if `images` does not have 4 axes, if an axis has length 0, if there are no
// columns, or if the grid exceeds the address space.
std::array<std::size_t, 3> grid_shape(const ArraySource& images, GridLayout layout);

// Writes the grid in C order to `to`, which must have room for it and be aligned to its elements. Elements
// have the type of `images`. `filling` points to one element, for the padding and for places without an
// image. Throws as grid_shape() does.
void lay_grid(const ArraySource& images, GridLayout layout, const void* filling, void* to);

// The values that become 0 and 1: `range`, or the smallest and the largest value, with `each` those of each
// image.
struct GridScale {
  std::optional<std::pair<double, double>> range;
  bool each = false;
};

// Like lay_grid(), but clips values to the range and scales them to 0..1. Elements are float64 if those of
// `images` are, otherwise float32. NaN stays NaN. If an image's range contains NaN, the whole image becomes
// NaN.
void lay_scaled_grid(const ArraySource& images, GridLayout layout, const GridScale& scale, double filling,
                     void* to);

}  // namespace tickertape
