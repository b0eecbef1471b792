// Bins and statistics of a whole array among the tensorflow edges; large arrays in parts. L1, for the
// histogram alone.
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

// The parts depend on the array's size alone, and are put together in order: the same bits, whoever counts
// them. Throws std::bad_alloc.
Counted count(ArrayView values, Executor* executor);

}  // namespace tickertape::histogram_impl
