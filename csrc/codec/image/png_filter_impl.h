// What png_filter's implementations share: the two loops that have one twin for each
// instruction set. L1, for png_filter alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "codec/image/png_filter.h"

namespace tickertape::png_impl {

inline constexpr std::size_t kFilterCount = 5;

// For each filter the sum of |difference| over the row, differences taken as signed bytes.
using FilterCosts = std::array<std::uint64_t, kFilterCount>;

// `padded` is a multiple of kRowStep; see filter_row() for the rest.
FilterCosts filter_costs_portable(const std::uint8_t* row, const std::uint8_t* above, std::size_t padded,
                                  std::size_t pixel_bytes);
// Gives how many of the `padded` bytes are not 0.
std::size_t apply_filter_portable(Filter filter, const std::uint8_t* row, const std::uint8_t* above,
                                  std::size_t padded, std::size_t pixel_bytes, std::uint8_t* out);

#if defined(__x86_64__)
FilterCosts filter_costs_avx2(const std::uint8_t* row, const std::uint8_t* above, std::size_t padded,
                              std::size_t pixel_bytes);
std::size_t apply_filter_avx2(Filter filter, const std::uint8_t* row, const std::uint8_t* above,
                              std::size_t padded, std::size_t pixel_bytes, std::uint8_t* out);
#endif

}  // namespace tickertape::png_impl
