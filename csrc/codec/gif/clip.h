// Clips of any number type in, the frames of one moving picture out. L1; pure, thread-safe, no I/O.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "array/array.h"
#include "base/bytes.h"
#include "codec/image/pixels.h"

namespace tickertape {

// N clips of T frames of C channels, H rows and W columns.
using ClipShape = std::array<std::uint64_t, 5>;

// How the clips are laid out in every frame: torch's _prepare_video, which makes their number a power of two.
struct ClipGrid {
  std::uint32_t rows, columns;
  std::uint32_t width, height;  // of a whole frame, pixels
};

// Throws ArgumentError for axes of length 0, channels other than 1 and 3, and frames beyond GIF's 65,535
// pixels.
ClipGrid clip_grid(const ClipShape& shape);

// Appends the T frames, RGB, width * height * 3 bytes each, to `out`. `clips` is NTCHW in C order; its values
// become pixels as in to_pixels(); cells without a clip are black. Throws ArgumentError like clip_grid(), and
// where the array's size is not the shape's.
ClipGrid to_frames(ArrayView clips, const ClipShape& shape, Buffer& out);

}  // namespace tickertape
