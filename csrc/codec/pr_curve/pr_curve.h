// Labels and predictions in, the six rows of a precision-recall curve out. L1; pure, thread-safe, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "array/array.h"

namespace tickertape {

// The largest number of thresholds that torch's pr_curve uses; it cuts more to this.
inline constexpr std::uint32_t kMaxPrThresholds = 127;

// Index of the first prediction that is NaN or outside [0, 1]; nothing when all are fine. Vectorised: it runs
// on the caller's thread.
std::optional<std::size_t> first_outside_unit_interval(ArrayView predictions);

// False where an element is NaN or infinite.
bool all_finite(ArrayView values);

// Six rows of `thresholds` doubles each: true positives, false positives, true negatives, false negatives,
// precision, recall, as torch's compute_curve (torch/utils/tensorboard/summary.py), to the last bit. `labels`
// and `predictions` have the same size; `weights` too, unless its size is 0 (all ones). Every prediction lies
// in [0, 1]; one that does not may be dropped. index = int32(floor(p * (thresholds - 1))) in the predictions'
// own precision, in float32 for bfloat16 (torch: float16). `thresholds` is at least 1; cutting it to
// kMaxPrThresholds is the caller's. Throws ArgumentError when it is 0 or the sizes differ.
std::vector<double> pr_curve(ArrayView labels, ArrayView predictions, ArrayView weights,
                             std::uint32_t thresholds);

}  // namespace tickertape
