// Packs sixteen predictions and labels into sixteen bytes. L1, private to pr_curve/; packed.cc calls the file
// of an instruction set. All of them write the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/pr_curve/packed.h"

namespace tickertape::pr_curve_impl {

// The least and the greatest prediction that count as inside [0, 1]. Rounding towards 0 makes indices of them
// that are inside too. Integers must be 0 or 1.
template <typename Value>
inline constexpr Value kLeast = static_cast<Value>(-kPredictionRounding);
template <typename Value>
inline constexpr Value kMost = static_cast<Value>(1 + kPredictionRounding);

// The factor for a prediction, and whether the product is rounded to float16. float16 values are passed as
// float32.
template <typename Value>
struct Scale {
  Value steps;
  bool is_float16;
};

// Labels in the caller's memory, perhaps unaligned: `item` bytes each (1, 2, 4 or 8). `one` is the bits of
// label 1; label 0 is all zeros.
struct LabelBits {
  const std::uint8_t* data;
  std::size_t item;
  std::uint64_t one;
};

// Each function packs as many whole vectors as fit in `count` and returns the number of packed elements. Sets
// `all_fine` to false if an element cannot be packed; the content of its byte is then unspecified.
#if defined(__x86_64__)
std::size_t pack_avx2(const float* predictions, LabelBits labels, std::size_t count, Scale<float> scale,
                      std::uint8_t* to, bool& all_fine);
std::size_t pack_avx2(const double* predictions, LabelBits labels, std::size_t count, Scale<double> scale,
                      std::uint8_t* to, bool& all_fine);
std::size_t pack_avx512(const float* predictions, LabelBits labels, std::size_t count, Scale<float> scale,
                        std::uint8_t* to, bool& all_fine);
std::size_t pack_avx512(const double* predictions, LabelBits labels, std::size_t count, Scale<double> scale,
                        std::uint8_t* to, bool& all_fine);
#endif

}  // namespace tickertape::pr_curve_impl
