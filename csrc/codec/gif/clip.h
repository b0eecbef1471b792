// Lays video clips of any element type out side by side, as the frames of one GIF. L1; pure, thread-safe, no
// I/O.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "array/array.h"
#include "base/bytes.h"
#include "codec/image/pixels.h"

namespace tickertape {

// The sizes N, T, C, H, W: N clips, each of T frames with C channels, H rows and W columns.
using ClipShape = std::array<std::uint64_t, 5>;

// The layout of the clips in every frame, as in torch's _prepare_video, which rounds their number up to a
// power of two.
struct ClipGrid {
  std::uint32_t rows, columns;
  std::uint32_t width, height;  // of a whole frame, in pixels
};

// Throws ArgumentError if an axis has length 0, if there are not 1 or 3 channels, or if a side of the frame
// exceeds GIF's 65,535 pixels.
ClipGrid clip_grid(const ClipShape& shape);

// Appends the T frames to `out`, each RGB with width * height * 3 bytes. `clips` is NTCHW in C order. Its
// values become pixels as in to_pixels(), integers by the range of the whole array, and `report` is as there.
// Cells without a clip are black. Throws ArgumentError as clip_grid() and integers_to_bytes() (which names
// vid_tensor) do, and if the array does not have the size of `shape`.
ClipGrid to_frames(ArrayView clips, const ClipShape& shape, Buffer& out, PixelReport* report = nullptr);

}  // namespace tickertape
