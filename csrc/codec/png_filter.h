// PNG's five row filters (PNG specification, section 9) and the choice among them, a row at a time. L1; pure.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickertape::png_impl {

// Rows lie in padded memory: kRowPadding zero bytes before them (the pixel left of the first is black by
// definition) and zeros behind them up to a multiple of kRowStep, so that no loop has a first pixel or a tail
// of its own.
inline constexpr std::size_t kRowPadding = 32;
inline constexpr std::size_t kRowStep = 32;

constexpr std::size_t padded_size(std::size_t row_bytes) {
  return (row_bytes + kRowStep - 1) / kRowStep * kRowStep;
}

// Filters `row` below `above` (both padded, `row_bytes` long) with pixels of `pixel_bytes`: writes the
// filter's number and the filtered row to `out`, 1 + padded_size(row_bytes) bytes of which the last may be
// rubbish. It takes the filter with the least sum of absolute differences, the heuristic that the
// specification suggests (section 12.8).
void filter_row(const std::uint8_t* row, const std::uint8_t* above, std::size_t row_bytes,
                std::size_t pixel_bytes, std::uint8_t* out);

}  // namespace tickertape::png_impl
