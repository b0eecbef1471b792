// The loop over sixteen predictions a step, for the registers of any instruction set. L1; included by
// pack_avx*.cc only. The anonymous namespace keeps each file's instructions to itself.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "codec/pr_curve/pack.h"
#include "codec/pr_curve/packed.h"

namespace tickertape::pr_curve_impl {
namespace {

constexpr std::size_t kPackWidth = 16;

// `Set` has a class Check, which records whether every element could be packed, and functions for one vector:
// indices() of predictions, positives() of labels, join() of both.
template <typename Set, typename Label, typename Value>
std::size_t pack_vectors(const Value* predictions, const std::uint8_t* labels, Label one, std::size_t count,
                         Scale<Value> scale, std::uint8_t* to, bool& all_fine) {
  typename Set::Check check;
  std::size_t done = 0;
  for (; done + kPackWidth <= count; done += kPackWidth) {
    const __m128i indices = Set::indices(predictions + done, scale, check);
    const auto positives = Set::positives(labels + done * sizeof(Label), one, check);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + done), Set::join(indices, positives));
  }
  all_fine = all_fine && check.is_fine();
  return done;
}

template <typename Set, typename Value>
std::size_t pack(const Value* predictions, LabelBits labels, std::size_t count, Scale<Value> scale,
                 std::uint8_t* to, bool& all_fine) {
  const auto as = [&]<typename Label>(Label /*example*/) {
    const auto one = static_cast<Label>(labels.one);
    return pack_vectors<Set>(predictions, labels.data, one, count, scale, to, all_fine);
  };
  switch (labels.item) {
    case 1:
      return as(std::uint8_t{});
    case 2:
      return as(std::uint16_t{});
    case 4:
      return as(std::uint32_t{});
    default:
      return as(std::uint64_t{});
  }
}

}  // namespace
}  // namespace tickertape::pr_curve_impl
