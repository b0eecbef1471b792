// Samples in, a WAV file out. L1; pure, thread-safe, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>

#include "array/array.h"
#include "base/bytes.h"

namespace tickertape {

// Appends a RIFF WAVE file of 16-bit PCM to `out`. `samples` holds frames of `channels` samples each, of any
// type; they are clipped to -1..1, multiplied by 32767 and truncated towards 0, as torch does; NaN is
// silence. Throws ArgumentError as check_wav() does.
void encode_wav(ArrayView samples, std::uint32_t channels, std::uint32_t sample_rate, Buffer& out);

// Throws ArgumentError where `samples` samples cannot be a file: 0 channels, a rate of 0, samples that do not
// fill their last frame, and files beyond 4 GiB.
void check_wav(std::size_t samples, std::uint32_t channels, std::uint32_t sample_rate);

}  // namespace tickertape
