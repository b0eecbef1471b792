// What float16.cc needs from the file of each instruction set. L1, private to array/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickertape::float16_impl {

// Converts as many whole vectors as fit in `count` and returns the number of converted elements.
std::size_t float16_to_float32_avx2(const std::uint16_t* from, std::size_t count, float* to);

}  // namespace tickertape::float16_impl
