// The loops of to_pixels() over all elements, one implementation for each instruction set. L1, private to
// pixels*.cc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickertape::pixels_impl {

// to[i] = from[i] * 255 in float32, clipped to 0..255 and truncated; NaN becomes 0.
void scale_to_bytes_portable(const float* from, std::size_t count, std::uint8_t* to);

// Writes red[i], green[i], blue[i] side by side. The three rows may be the same.
void interleave3_portable(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue,
                          std::size_t count, std::uint8_t* to);

#if defined(__x86_64__)
// Like the functions above, but convert only whole steps and return the number of converted elements.
std::size_t scale_to_bytes_avx2(const float* from, std::size_t count, std::uint8_t* to);
std::size_t interleave3_avx2(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue,
                             std::size_t count, std::uint8_t* to);
#endif

}  // namespace tickertape::pixels_impl
