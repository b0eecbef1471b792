// The loops of to_pixels() that touch every element: one twin for each instruction set. L1, for pixels alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickertape::pixels_impl {

// to[i] = from[i] * 255 in float32, clipped to 0..255 and truncated; NaN gives 0.
void scale_to_bytes_portable(const float* from, std::size_t count, std::uint8_t* to);

// Writes red[i], green[i], blue[i] side by side; the three may be the same row.
void interleave3_portable(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue,
                          std::size_t count, std::uint8_t* to);

#if defined(__x86_64__)
// The same for as many elements as fill whole steps; return how many.
std::size_t scale_to_bytes_avx2(const float* from, std::size_t count, std::uint8_t* to);
std::size_t interleave3_avx2(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue,
                             std::size_t count, std::uint8_t* to);
#endif

}  // namespace tickertape::pixels_impl
