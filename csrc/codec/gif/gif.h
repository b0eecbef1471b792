// Encodes frames of 8-bit pixels as an animated GIF. L1; pure, thread-safe, no I/O.
#pragma once

#include <span>

#include "base/bytes.h"
#include "codec/image/pixels.h"

namespace tickertape {

// Appends a GIF89a file to `out` that shows `frames` at `fps` frames a second and repeats forever. All frames
// must have the same size and the same number of channels, 1 or 3.
//
// A clip of at most 256 colours, and every grey one, keeps its pixels. Any other clip gets a palette of 256
// colours with ordered dithering. GIF counts time in hundredths of a second: frame durations are rounded so
// that the whole clip keeps its length, up to 50 frames a second, which is the most that browsers show.
// The same frames become the same bytes on every processor.
//
// Throws ArgumentError if there are no frames, if sizes or channels differ or are not allowed, if a side
// exceeds 65,535 pixels, or if fps is not a positive finite number.
void encode_gif(std::span<const PixelView> frames, double fps, Buffer& out);

}  // namespace tickertape
