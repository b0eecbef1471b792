// Frames of 8-bit pixels in, an animated GIF out. L1; pure, thread-safe, no I/O.
#pragma once

#include <span>

#include "base/bytes.h"
#include "codec/image/pixels.h"

namespace tickertape {

// Appends a GIF89a file that shows `frames` (all of one size, with 1 or 3 channels) at `fps` frames a second,
// for ever. Clips of at most 256 colours, and gray ones, keep their pixels; others share a palette of 256
// with ordered dithering. GIF counts time in hundredths of a second: single frames are rounded so that the
// clip as a whole keeps its length, up to 50 frames a second, the most that browsers show. Deterministic.
// Throws ArgumentError for no frames, other channels, sizes and channels that differ, sizes beyond 65,535,
// and an fps that is not a positive number.
void encode_gif(std::span<const PixelView> frames, double fps, Buffer& out);

}  // namespace tickertape
