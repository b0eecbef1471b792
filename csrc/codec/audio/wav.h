// Encodes samples as a WAV file. L1; pure, thread-safe, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>

#include "array/array.h"
#include "base/bytes.h"

namespace tickertape {

// Appends a RIFF WAVE file with 16-bit PCM to `out`. `samples` has any type and shape [frames, channels].
// Samples are clipped to -1..1, multiplied by 32767 and truncated towards 0, as torch does; NaN becomes 0.
// `sample_rate` is in Hz. Throws ArgumentError as check_wav() does.
void encode_wav(ArrayView samples, std::uint32_t channels, std::uint32_t sample_rate, Buffer& out);

// Throws ArgumentError if the audio cannot be a WAV file: 0 channels, a sample rate of 0, an incomplete last
// frame, or more than 4 GiB. `samples` counts all channels.
void check_wav(std::size_t samples, std::uint32_t channels, std::uint32_t sample_rate);

}  // namespace tickertape
