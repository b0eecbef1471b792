// Encodes 8-bit pixels as a PNG file, with filters, match finder and Huffman coder made for logged tensors.
// L1; pure, thread-safe, no I/O.
#pragma once

#include "base/bytes.h"
#include "base/executor.h"
#include "codec/image/pixels.h"

namespace tickertape {

// Appends a complete PNG file (8 bits a channel; 1 L, 2 LA, 3 RGB, 4 RGBA; not interlaced) to `out`.
// The same pixels become the same bytes on every processor: recovery completes a record that was cut off only
// if its own encoding begins with the bytes that are there. Throws ArgumentError for sizes that PNG does not
// allow (0, or 2^31 and more).
//
// A picture of 2 MiB or more is cut into independent strips of at least 1 MiB. `executor` may encode them in
// parallel (nullptr: the calling thread encodes them). The bytes do not depend on the executor.
void encode_png(const PixelView& pixels, Buffer& out, Executor* executor = nullptr);

}  // namespace tickertape
