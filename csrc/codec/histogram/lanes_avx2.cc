// Fills the statistics' lanes with 32-byte vectors; compiled for AVX2. L1. Returns the same bits as lanes.cc.
#include "codec/histogram/lanes.h"

#if defined(__x86_64__)
#include "codec/histogram/lanes_impl.h"

namespace tickertape::histogram_impl {

void rows_avx2(const float* values, std::size_t rows, Lanes& lanes) { rows_of<32, 4>(values, rows, lanes); }
void rows_avx2(const double* values, std::size_t rows, Lanes& lanes) { rows_of<32, 4>(values, rows, lanes); }

}  // namespace tickertape::histogram_impl
#endif
