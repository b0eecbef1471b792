// Counts a whole array among the tensorflow edges and computes its statistics; large arrays in parts. L1,
// private to histogram/.
#pragma once

#include "array/array.h"
#include "base/executor.h"
#include "codec/histogram/stats.h"
#include "codec/histogram/table.h"

namespace tickertape::histogram_impl {

struct Counted {
  Statistics statistics;
  BinCounts bins;
};

// Counts `values`. The parts depend only on the array's size and are added up in order, so the result is the
// same to the last bit with any executor (nullptr: the calling thread counts all parts). Throws
// std::bad_alloc.
Counted count(ArrayView values, Executor* executor);

}  // namespace tickertape::histogram_impl
