// Converts integers of any size to 8-bit pixels, by the range that all of them have together. L1; pure,
// thread-safe, no I/O.
#pragma once

#include <cstdint>
#include <string_view>

#include "array/array.h"

namespace tickertape {

// True for bool and for integers other than uint8: their scale depends on their range.
bool has_integer_scale(DType dtype);

// Writes one byte for each of `values`, whose type has an integer scale: 0 and 1 alone (masks) are multiplied
// by 255, values within 0..255 stay as they are, and uint16 beyond that (cameras of 16 bits) is divided by
// 257, rounded down. Throws ArgumentError that names `argument` if the values have another range.
void integers_to_bytes(ArrayView values, std::string_view argument, std::uint8_t* to);

}  // namespace tickertape
