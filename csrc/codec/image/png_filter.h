// PNG's five row filters (PNG specification, section 9) and the choice of one for each row. L1; pure; part of
// the PNG encoder.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickertape::png_impl {

// Rows are padded: kRowPadding zero bytes before them (PNG defines the pixel left of the first as zeros) and
// zeros after them up to a multiple of kRowStep. So no loop needs a special first pixel or tail.
inline constexpr std::size_t kRowPadding = 32;
inline constexpr std::size_t kRowStep = 32;

constexpr std::size_t padded_size(std::size_t row_bytes) {
  return (row_bytes + kRowStep - 1) / kRowStep * kRowStep;
}

// The filter numbers, which the file stores before each row (PNG specification, section 9.2).
enum Filter : std::uint8_t { kNone, kSub, kUp, kAverage, kPaeth };

// Filters the rows of one strip from top to bottom. The result depends on the pixels alone, not on the
// processor.
class RowFilter {
 public:
  RowFilter(std::size_t row_bytes, std::size_t pixel_bytes)
      : row_bytes_(row_bytes), padded_(padded_size(row_bytes)), pixel_bytes_(pixel_bytes) {}

  // Writes the number of the chosen filter and the filtered row to `out`, 1 + padded_size(row_bytes) bytes.
  // `above` is the row above `row`; both are padded. Bytes of `out` past the row are unspecified.
  //
  // Chooses the filter with the smallest sum of absolute differences, the heuristic that the specification
  // suggests (section 12.8), and takes it for the next row as well. But if the filtered row before was sparse
  // (nearly all zeros, as in drawings), it takes the first filter that makes this row sparse as well.
  void filter(const std::uint8_t* row, const std::uint8_t* above, std::uint8_t* out);

 private:
  // Applies `filter` and returns whether the result is sparse.
  bool try_filter(Filter filter, const std::uint8_t* row, const std::uint8_t* above, std::uint8_t* out) const;

  const std::size_t row_bytes_, padded_, pixel_bytes_;
  Filter last_ = kUp;    // the last one that was chosen among all five
  bool reuse_ = false;   // the next row takes it without a comparison
  bool sparse_ = false;  // the last row was sparse
};

}  // namespace tickertape::png_impl
