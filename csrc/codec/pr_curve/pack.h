// Sixteen predictions and labels to sixteen bytes, and who can do that. L1, between pr_curve_packed.cc and
// one file for each instruction set; all give the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickertape::pr_curve_impl {

// What a prediction is multiplied by, and whether the product is rounded to float16, whose values come as
// float32.
template <typename Value>
struct Scale {
  Value steps;
  bool is_float16;
};

// Labels as they lie in memory, not aligned: `item` bytes each (1, 2, 4 or 8), `one` where the label is 1,
// all zeros where it is 0.
struct LabelBits {
  const std::uint8_t* data;
  std::size_t item;
  std::uint64_t one;
};

// Pack as many whole vectors as `count` holds and return how many elements that was. `all_fine` becomes false
// where one of them is not to be packed; its byte may then be any.
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
