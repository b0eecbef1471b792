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

// The numbers that stand before each row in the file (PNG specification, section 9.2).
enum Filter : std::uint8_t { kNone, kSub, kUp, kAverage, kPaeth };

// Filters the rows of one strip from top to bottom. Depends on the pixels alone, not on the processor.
class RowFilter {
 public:
  RowFilter(std::size_t row_bytes, std::size_t pixel_bytes)
      : row_bytes_(row_bytes), padded_(padded_size(row_bytes)), pixel_bytes_(pixel_bytes) {}

  // Filters `row` below `above` (both padded): writes the filter's number and the filtered row to `out`,
  // 1 + padded_size(row_bytes) bytes of which the last may be rubbish. It takes the filter with the least sum
  // of absolute differences, the heuristic that the specification suggests (section 12.8); but where the last
  // row was nearly all zeros, as drawings are, the first that makes this one so too.
  void filter(const std::uint8_t* row, const std::uint8_t* above, std::uint8_t* out);

 private:
  // Whether it leaves next to nothing of the row.
  bool try_filter(Filter filter, const std::uint8_t* row, const std::uint8_t* above, std::uint8_t* out) const;

  const std::size_t row_bytes_, padded_, pixel_bytes_;
  Filter last_ = kUp;  // that was chosen among all
  bool sparse_ = false;
};

}  // namespace tickertape::png_impl
