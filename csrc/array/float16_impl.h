// What float16.cc asks of the files for one instruction set. L1, internal.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickertape::float16_impl {

// Converts as many whole vectors as `count` holds and returns how many elements that was.
std::size_t float16_to_float32_avx2(const std::uint16_t* from, std::size_t count, float* to);

}  // namespace tickertape::float16_impl
