// Labels and predictions as one byte each: a sixteenth of two arrays of 8-byte numbers, and all that a curve
// without weights needs of them. L1; pure, thread-safe, no I/O.
#pragma once

#include <cstdint>
#include <vector>

#include "array/array.h"
#include "base/bytes.h"

namespace tickertape {

// A byte is the prediction's threshold index, and this bit where the label is 1.
inline constexpr std::uint8_t kPackedPositive = 0x80;
inline constexpr std::uint32_t kMaxPackedThresholds = kPackedPositive;

// Writes a byte for each prediction to `to`. False, with anything there, where a label is neither 0 nor 1 (as
// -0.0 is) or a prediction lies outside [0, 1]. Indices as in pr_curve(); `thresholds` is 1 to
// kMaxPackedThresholds. Reads each element once, so that one who changes it meanwhile does no harm. Throws
// ArgumentError where the sizes differ.
bool pack_predictions(ArrayView labels, ArrayView predictions, std::uint32_t thresholds, std::uint8_t* to);

// The rows of pr_curve(), of packed predictions. Any bytes are safe: an index that is no threshold's does not
// count. `thresholds` as above.
std::vector<double> packed_pr_curve(Bytes packed, std::uint32_t thresholds);

}  // namespace tickertape
