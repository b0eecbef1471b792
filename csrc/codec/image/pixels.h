// Arrays of any number type and axis order in, interleaved 8-bit pixels out. L1; pure, thread-safe, no I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "array/array.h"
#include "base/bytes.h"

namespace tickertape {

// 8-bit pixels: `height` rows of `width` pixels of `channels` bytes (1 L, 2 LA, 3 RGB, 4 RGBA), rows `stride`
// bytes apart; not owned.
struct PixelView {
  const std::uint8_t* data = nullptr;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t channels = 0;
  std::size_t stride = 0;
};

// A contiguous array of images and what its axes mean.
struct ImageArray {
  const void* data = nullptr;
  DType dtype = DType::kUint8;
  std::uint32_t count = 1;  // N; 1 where there is no N axis
  std::uint32_t height = 0;
  std::uint32_t width = 0;
  std::uint32_t channels = 1;
  // Elements from one image, row, column, channel to the next; 0 for an axis that is not there.
  std::ptrdiff_t stride_n = 0, stride_h = 0, stride_w = 0, stride_c = 0;
};

// Reads `dataformats` (a permutation of NCHW, CHW or HW; upper or lower case) against `shape`, whose `rank`
// entries belong to a C-contiguous array. Throws ArgumentError that names dataformats or the array's shape.
ImageArray image_array(const void* data, DType dtype, const std::size_t* shape, std::size_t rank,
                       std::string_view dataformats);

// Columns of the grid that several images are laid in (torch's make_grid), without padding.
inline constexpr std::uint32_t kGridColumns = 8;

struct PixelSize {
  std::uint32_t width, height, channels;
};

// The size that to_pixels() gives for `images`: one image keeps 2, 3 or 4 channels, one channel becomes RGB;
// several images (an N axis, even of length 1) become one RGB grid. Throws ArgumentError for channels that
// cannot be.
PixelSize pixel_size(const ImageArray& images, bool grid);

// The pixels of an image that lies in memory as to_pixels() would write it: uint8, 2 to 4 channels side by
// side, a single image. Nothing for others. They belong to whoever owns the array. Throws like pixel_size().
std::optional<PixelView> pixels_in_place(const ImageArray& images, bool grid);

// Converts and lays out: uint8 as it is; every other type times 255 in float32, clipped to 0..255 and
// truncated, NaN to 0 (what torch and NumPy give). Appends width * height * channels bytes to `out`.
PixelSize to_pixels(const ImageArray& images, bool grid, Buffer& out);

}  // namespace tickertape
