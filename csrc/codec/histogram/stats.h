// min, max, num, sum and sum of squares of the finite values, block by block. L1, for the histogram alone.
// The same bits come out on every instruction set: a journal encoded again must equal what was encoded
// before.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/histogram/histogram.h"
#include "codec/histogram/lanes.h"

namespace tickertape::histogram_impl {

// A sum that carries its rounding errors along (A. Neumaier, ZAMM 54, 1974, "verbesserter Kahan-Babuska").
class CompensatedSum {
 public:
  void add(double value);
  void add(const CompensatedSum& later) {
    add(later.sum_);
    error_ += later.error_;
  }
  // The plain sum where it overflowed, for then the error is not a number.
  double value() const;

 private:
  double sum_ = 0;
  double error_ = 0;
};

class Statistics {
 public:
  Statistics();

  // Takes the next block: kBlockSize values, fewer in the last block only.
  void add(const float* values, std::size_t count);
  void add(const double* values, std::size_t count);

  // Takes what has been counted of the values behind these.
  void add(const Statistics& later);

  // Writes all but the buckets; everything is 0 where no value was finite.
  void store(Histogram& to) const;

 private:
  template <typename T, typename Rows>
  void add_block(const T* values, std::size_t count, Rows rows);
  // For a block in which something is not finite, or whose sum overflows.
  template <typename T, typename Rows>
  void add_finite(const T* values, std::size_t count, Rows rows);
  void fold(const Lanes& lanes, std::size_t finite);

  RowsOfFloat rows_of_float_;
  RowsOfDouble rows_of_double_;
  CompensatedSum sum_;
  CompensatedSum sum_squares_;
  double min_;
  double max_;
  std::uint64_t num_ = 0;
  std::uint64_t nan_count_ = 0;
  std::uint64_t infinite_count_ = 0;
};

}  // namespace tickertape::histogram_impl
