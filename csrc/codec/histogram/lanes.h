// The sixteen lanes in which the histogram's statistics run, and who can fill them. L1, between
// histogram_stats.cc and one file for each instruction set; all give the same bits.
#pragma once

#include <cstddef>

namespace tickertape::histogram_impl {

// Element i of a block belongs to lane i % kLanes, whatever the processor: this fixes the order of all
// additions. Sixteen lanes fill two AVX-512 registers of doubles, enough to hide the latency of an addition.
inline constexpr std::size_t kLanes = 16;

// A lane adds this many rows to a part, and the parts to its sum: no number is rounded more than 8 + 8 times
// in a block of 64 rows. NumPy's pairwise summation rounds as often (PW_BLOCKSIZE in
// numpy/_core/src/umath/loops_utils.h.src).
inline constexpr std::size_t kGroupRows = 8;

struct Lanes {
  double sum[kLanes];
  double sum_squares[kLanes];
  double least[kLanes];
  double greatest[kLanes];
};

// Starts the lanes anew from `rows` rows of kLanes elements each; at least one row. Values that are not
// finite leave sums that are not finite, and anything in least and greatest.
using RowsOfFloat = void (*)(const float* values, std::size_t rows, Lanes& lanes);
using RowsOfDouble = void (*)(const double* values, std::size_t rows, Lanes& lanes);

void rows_portable(const float* values, std::size_t rows, Lanes& lanes);
void rows_portable(const double* values, std::size_t rows, Lanes& lanes);
#if defined(__x86_64__)
void rows_avx2(const float* values, std::size_t rows, Lanes& lanes);
void rows_avx2(const double* values, std::size_t rows, Lanes& lanes);
void rows_avx512(const float* values, std::size_t rows, Lanes& lanes);
void rows_avx512(const double* values, std::size_t rows, Lanes& lanes);
#endif

}  // namespace tickertape::histogram_impl
