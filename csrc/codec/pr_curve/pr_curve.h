// Computes the six rows of a precision-recall curve. L1; pure, thread-safe, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "array/array.h"

namespace tickertape {

// The largest number of thresholds that torch's pr_curve uses; it reduces larger numbers to this.
inline constexpr std::uint32_t kMaxPrThresholds = 127;

// The index of the first prediction that is NaN or outside [0, 1] by more than kPredictionRounding
// (packed.h); nothing if there is none. Vectorised, because it runs on the caller's thread.
std::optional<std::size_t> first_outside_unit_interval(ArrayView predictions);

// The index of the first label that is neither 0 nor 1; nothing if there is none.
std::optional<std::size_t> first_other_label(ArrayView labels);

// Returns six rows of `thresholds` doubles each: true positives, false positives, true negatives, false
// negatives, precision, recall. They equal those of torch's compute_curve
// (torch/utils/tensorboard/summary.py) to the last bit.
//
// `labels` and `predictions` have the same size; so has `weights`, unless its size is 0 (all weights are 1).
// Predictions must be in [0, 1], but for kPredictionRounding; others may be dropped. index = int32(floor(p *
// (thresholds - 1))) in the predictions' own precision, in float32 for bfloat16 (torch: float16).
// `thresholds` is at least 1; the caller limits it to kMaxPrThresholds. Throws ArgumentError if it is 0 or
// the sizes differ.
std::vector<double> pr_curve(ArrayView labels, ArrayView predictions, ArrayView weights,
                             std::uint32_t thresholds);

}  // namespace tickertape
