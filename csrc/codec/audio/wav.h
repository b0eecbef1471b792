// Encodes samples as a WAV file. L1; pure, thread-safe, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>

#include "array/array.h"
#include "base/bytes.h"

namespace tickertape {

// Appends a RIFF WAVE file with 16-bit PCM to `out`. `samples` has any type and shape [frames, channels].
// int16 is stored as it is, of int32 the upper half, int8 as the upper half, and uint8 the same after 128 is
// subtracted (as WAV files of 8 bits have it). Other samples are clipped to -1..1, multiplied by 32767 and
// truncated towards 0, as torch does; NaN becomes 0. `sample_rate` is in Hz. Throws ArgumentError as
// check_wav() and check_samples() do.
void encode_wav(ArrayView samples, std::uint32_t channels, std::uint32_t sample_rate, Buffer& out);

// Throws ArgumentError if the audio cannot be a WAV file: 0 channels, a sample rate of 0, an incomplete last
// frame, or more than 2 GiB, which no protobuf message can hold. `samples` counts all channels.
void check_wav(std::size_t samples, std::uint32_t channels, std::uint32_t sample_rate);

// True for the types whose range says how loud a sample is, and for floats, which are in -1..1.
bool is_sound_type(DType dtype);

// Throws ArgumentError for integers of other types than int8, uint8, int16 and int32 if one is outside -1..1:
// nobody knows which of their values is the loudest.
void check_samples(ArrayView samples);

}  // namespace tickertape
