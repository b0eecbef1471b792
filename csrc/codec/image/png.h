// 8-bit pixels in, a PNG file out: our own filters, LZ and Huffman, made for tensors on their way to a log.
// L1; pure, thread-safe, no I/O.
#pragma once

#include "base/bytes.h"
#include "base/executor.h"
#include "codec/image/pixels.h"

namespace tickertape {

// Appends a complete PNG file (8 bits a channel; 1 L, 2 LA, 3 RGB, 4 RGBA; no interlace) to `out`.
// Deterministic: the same pixels give the same bytes on every processor, because recovery encodes again and
// compares. Throws ArgumentError for sizes that PNG does not allow (0, or 2^31 and more).
//
// A picture of 2 MiB and more is cut into strips of at least 1 MiB that know nothing of each other;
// `executor` (nullptr: nobody but the caller) encodes them. The bytes are the same, whoever does.
void encode_png(const PixelView& pixels, Buffer& out, Executor* executor = nullptr);

}  // namespace tickertape
