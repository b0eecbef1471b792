// min, max, num, sum and sum of squares of the finite values, block by block. L1, private to histogram/. The
// result is the same to the last bit on every instruction set, so a run logs the same numbers on every
// machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/histogram/histogram.h"
#include "codec/histogram/lanes.h"

namespace tickertape::histogram_impl {

// A sum that also adds up its rounding errors (A. Neumaier, ZAMM 54, 1974, "verbesserter Kahan-Babuska").
class CompensatedSum {
 public:
  void add(double value);
  void add(const CompensatedSum& later) {
    add(later.sum_);
    error_ += later.error_;
  }
  // The sum with its error. If the plain sum overflowed, the error is NaN, and the plain sum is returned.
  double value() const;

 private:
  double sum_ = 0;
  double error_ = 0;
};

class Statistics {
 public:
  Statistics();

  // Adds the next block: kBlockSize values, or fewer in the last block.
  void add(const float* values, std::size_t count);
  void add(const double* values, std::size_t count);

  // Adds the statistics of the values that follow these.
  void add(const Statistics& later);

  // Writes all fields except the buckets. If no value was finite, num, min, max and both sums are 0.
  void store(Histogram& to) const;

 private:
  template <typename T, typename Rows>
  void add_block(const T* values, std::size_t count, Rows rows);
  // For a block in which a value is not finite, or whose sum overflows.
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
