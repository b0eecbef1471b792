// Labels and predictions packed into one byte each: all that a curve without weights needs. L1; pure,
// thread-safe, no I/O. One byte is a sixteenth of two 8-byte numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "array/array.h"
#include "base/bytes.h"

namespace tickertape {

// A packed byte is the prediction's threshold index, plus this bit if the label is 1.
inline constexpr std::uint8_t kPackedPositive = 0x80;
inline constexpr std::uint32_t kMaxPackedThresholds = kPackedPositive;

// How far a prediction may be outside [0, 1] by rounding: some 8 units in the last place of a float32
// softmax. It counts as 0 or 1.
inline constexpr double kPredictionRounding = 1e-6;

// Writes one byte for each prediction to `to`. Returns false if a label is neither 0 nor 1 (-0.0 counts as
// neither) or a prediction is outside [0, 1] by more than kPredictionRounding; the content of `to` is then
// unspecified. Indices are as in pr_curve(). `thresholds` is 1 to kMaxPackedThresholds. Each element is read
// once, so another thread may change the arrays meanwhile. Throws ArgumentError if the sizes differ.
bool pack_predictions(ArrayView labels, ArrayView predictions, std::uint32_t thresholds, std::uint8_t* to);

// Returns the rows of pr_curve() for packed predictions. Any bytes are safe: an index that is not below
// `thresholds` is not counted. `thresholds` is 1 to kMaxPackedThresholds; otherwise throws ArgumentError.
std::vector<double> packed_pr_curve(Bytes packed, std::uint32_t thresholds);

}  // namespace tickertape
