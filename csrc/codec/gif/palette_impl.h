// The loops of Palette over all pixels or all colours, one implementation for each instruction set. L1,
// private to palette*.cc. The anonymous namespace keeps each file's instructions to itself.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace tickertape::palette_impl {

inline constexpr unsigned kCellBits = 5;  // for each channel: 32,768 cells of 8 x 8 x 8 colours
inline constexpr unsigned kCellShift = 8 - kCellBits;
inline constexpr std::size_t kCells = std::size_t{1} << (3 * kCellBits);
inline constexpr std::size_t kMaxColors = 256;

// The value that is added to the channels of pixel x of a row: shifts[x % 8], -127 to 127.
using Shifts = std::array<signed char, 8>;

// cells[x] is the cell of RGB pixel x after its shift, with each channel clipped to 0..255. Red is in the
// highest bits.
void cells_of_row(const std::uint8_t* row, std::size_t count, const Shifts& shifts, std::uint16_t* cells);

// One number for each colour.
using Terms = std::array<std::int32_t, kMaxColors>;

// The minimum of red[i] + green[i] + blue[i]. Every sum must be below 2^31.
std::int32_t least_sum(const Terms& red, const Terms& green, const Terms& blue);

namespace {

// least_sum() for the instruction set of the including file. Compilers vectorise it.
inline std::int32_t least_sum_in_vectors(const Terms& red, const Terms& green, const Terms& blue) {
  std::int32_t least = std::numeric_limits<std::int32_t>::max();
  for (std::size_t i = 0; i < kMaxColors; ++i) {
    const std::int32_t sum = red[i] + green[i] + blue[i];
    least = sum < least ? sum : least;
  }
  return least;
}

}  // namespace

#if defined(__x86_64__)
// Like the functions above. cells_avx2() converts only whole steps and returns how many pixels that was, a
// multiple of 8.
std::size_t cells_avx2(const std::uint8_t* row, std::size_t count, const Shifts& shifts,
                       std::uint16_t* cells);
std::int32_t least_sum_avx2(const Terms& red, const Terms& green, const Terms& blue);
#endif

}  // namespace tickertape::palette_impl
