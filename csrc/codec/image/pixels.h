// Converts arrays of any element type and axis order to interleaved 8-bit pixels. L1; pure, thread-safe, no
// I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "array/array.h"
#include "base/bytes.h"

namespace tickertape {

// 8-bit pixels: `height` rows of `width` pixels with `channels` bytes each (1 L, 2 LA, 3 RGB, 4 RGBA). Rows
// are `stride` bytes apart. Does not own the pixels.
struct PixelView {
  const std::uint8_t* data = nullptr;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t channels = 0;
  std::size_t stride = 0;
};

// A contiguous array of images and the meaning of its axes. Does not own the array.
struct ImageArray {
  const void* data = nullptr;
  DType dtype = DType::kUint8;
  std::uint32_t count = 1;  // N; 1 if there is no N axis
  std::uint32_t height = 0;
  std::uint32_t width = 0;
  std::uint32_t channels = 1;
  // Strides in elements; 0 if the axis does not exist.
  std::ptrdiff_t stride_n = 0, stride_h = 0, stride_w = 0, stride_c = 0;
};

// Applies `dataformats` (a permutation of NCHW, CHW or HW, in upper or lower case) to the `rank` entries of
// `shape` of a C-contiguous array. Throws ArgumentError that names dataformats or the array's shape.
ImageArray image_array(const void* data, DType dtype, const std::size_t* shape, std::size_t rank,
                       std::string_view dataformats);

// Columns of the grid of several images (torch's make_grid), without padding.
inline constexpr std::uint32_t kGridColumns = 8;

struct PixelSize {
  std::uint32_t width, height, channels;
};

// The size of the result of to_pixels(). A single image keeps 2, 3 or 4 channels, and 1 channel becomes RGB.
// With `grid` (an N axis, even of length 1) the images become one grid: RGBA if they have 4 channels, RGB if
// they have 1 or 3. Throws ArgumentError if the number of channels is not allowed or the grid is too large.
PixelSize pixel_size(const ImageArray& images, bool grid);

// The pixels of an image whose memory has the layout that to_pixels() would write: a single image, uint8, 2
// to 4 interleaved channels. Nothing for other images. The view does not own the pixels. Throws as
// pixel_size() does.
std::optional<PixelView> pixels_in_place(const ImageArray& images, bool grid);

// What to_pixels() changed in floats; the caller reports it.
struct PixelReport {
  bool has_nan = false;  // some are NaN, and became 0
  float greatest = 0;    // values above 1 were clipped
};

// Above this, floats are probably 0..255 by mistake: they would all be white.
inline constexpr float kBrightestFloat = 1.5F;

// Converts `images` and appends width * height * channels bytes to `out`. uint8 is copied. Other integers are
// scaled by their range, see integer_pixels.h. Floats are multiplied by 255 in float32, clipped to 0..255 and
// truncated, and NaN becomes 0, as torch and NumPy do. Adds to `report` if that is not nullptr. Throws as
// pixel_size() and integers_to_bytes() (which names img_tensor) do.
PixelSize to_pixels(const ImageArray& images, bool grid, Buffer& out, PixelReport* report = nullptr);

}  // namespace tickertape
