// The two loops of RowFilter, one implementation for each instruction set. L1, private to png_filter*.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "codec/image/png_filter.h"

namespace tickertape::png_impl {

inline constexpr std::size_t kFilterCount = 5;

// For each filter, the sum of |difference| over the row, with differences taken as signed bytes.
using FilterCosts = std::array<std::uint64_t, kFilterCount>;

// `padded` is a multiple of kRowStep. See RowFilter::filter() for the other parameters.
FilterCosts filter_costs_portable(const std::uint8_t* row, const std::uint8_t* above, std::size_t padded,
                                  std::size_t pixel_bytes);
// Returns how many of the `padded` bytes are not 0.
std::size_t apply_filter_portable(Filter filter, const std::uint8_t* row, const std::uint8_t* above,
                                  std::size_t padded, std::size_t pixel_bytes, std::uint8_t* out);

// Returns apply.operator()<filter>(), with the filter as a template argument.
template <typename Apply>
std::size_t with_filter(Filter filter, Apply apply) {
  switch (filter) {
    case kNone:
      return apply.template operator()<kNone>();
    case kSub:
      return apply.template operator()<kSub>();
    case kUp:
      return apply.template operator()<kUp>();
    case kAverage:
      return apply.template operator()<kAverage>();
    case kPaeth:
      return apply.template operator()<kPaeth>();
  }
  return 0;
}

#if defined(__x86_64__)
FilterCosts filter_costs_avx2(const std::uint8_t* row, const std::uint8_t* above, std::size_t padded,
                              std::size_t pixel_bytes);
std::size_t apply_filter_avx2(Filter filter, const std::uint8_t* row, const std::uint8_t* above,
                              std::size_t padded, std::size_t pixel_bytes, std::uint8_t* out);
#endif

}  // namespace tickertape::png_impl
