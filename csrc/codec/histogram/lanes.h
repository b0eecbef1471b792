// The sixteen lanes of the histogram's statistics, and the functions that fill them. L1, private to
// histogram/. stats.cc chooses the function of an instruction set. All of them return the same bits.
#pragma once

#include <cstddef>

namespace tickertape::histogram_impl {

// Element i of a block belongs to lane i % kLanes on every processor. This fixes the order of all additions.
// Sixteen lanes fill two AVX-512 registers of doubles, which is enough to hide the latency of an addition.
inline constexpr std::size_t kLanes = 16;

// A lane adds this many rows to a partial sum, and partial sums to its sum. So no number is rounded more than
// 8 + 8 times in a block of 64 rows, as often as in NumPy's pairwise summation (PW_BLOCKSIZE in
// numpy/_core/src/umath/loops_utils.h.src).
inline constexpr std::size_t kGroupRows = 8;

struct Lanes {
  double sum[kLanes];
  double sum_squares[kLanes];
  double least[kLanes];
  double greatest[kLanes];
};

// Sets the lanes from `rows` (at least one) rows of kLanes elements. If a value is not finite, its lane's
// sums are not finite either, and `least` and `greatest` are unspecified.
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
