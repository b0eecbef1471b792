// Fills the statistics' lanes with 16-byte vectors: SSE2 on x86-64, NEON on aarch64, plain code elsewhere.
// L1.
#include "codec/histogram/lanes.h"

#include "codec/histogram/lanes_impl.h"

namespace tickertape::histogram_impl {

// Four vectors of sums and four of squares fit in sixteen registers.
void rows_portable(const float* values, std::size_t rows, Lanes& lanes) {
  rows_of<16, 4>(values, rows, lanes);
}
void rows_portable(const double* values, std::size_t rows, Lanes& lanes) {
  rows_of<16, 4>(values, rows, lanes);
}

}  // namespace tickertape::histogram_impl
