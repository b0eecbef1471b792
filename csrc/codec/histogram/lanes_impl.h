// The loops that fill the lanes, for vectors of any width: one source for portable and SIMD code. L1;
// included by lanes*.cc only. The anonymous namespace keeps each file's instructions to itself.
#pragma once

#include <cstddef>
#include <cstring>

#include "codec/histogram/lanes.h"

namespace tickertape::histogram_impl {
namespace {

// Vector types of GCC and Clang. The compiler lowers them to the instruction set of the including file.
template <typename T, std::size_t kSize>
struct VectorOf {
  typedef T Type __attribute__((vector_size(kSize * sizeof(T))));
};

// Loads kWidth values and converts them to double.
template <std::size_t kWidth, typename T>
typename VectorOf<double, kWidth>::Type load_doubles(const T* from) {
  using Doubles = typename VectorOf<double, kWidth>::Type;
  if constexpr (kWidth == 2) {
    // GCC 12 converts an 8-byte vector through memory, which takes four times as long.
    return Doubles{static_cast<double>(from[0]), static_cast<double>(from[1])};
  } else {
    typename VectorOf<T, kWidth>::Type values;
    std::memcpy(&values, from, sizeof values);
    return __builtin_convertvector(values, Doubles);
  }
}

// Fills the sums and sums of squares of the lanes [first_lane, first_lane + kWidth * kVectors).
template <std::size_t kWidth, std::size_t kVectors, typename T>
void sum_lanes(const T* values, std::size_t rows, std::size_t first_lane, Lanes& lanes) {
  using Doubles = typename VectorOf<double, kWidth>::Type;
  Doubles sum[kVectors] = {};
  Doubles sum_squares[kVectors] = {};
  for (std::size_t group = 0; group < rows; group += kGroupRows) {
    Doubles part[kVectors] = {};
    Doubles part_squares[kVectors] = {};
    const std::size_t end = group + kGroupRows < rows ? group + kGroupRows : rows;
    for (std::size_t row = group; row < end; ++row) {
      for (std::size_t v = 0; v < kVectors; ++v) {
        const Doubles value = load_doubles<kWidth>(values + row * kLanes + first_lane + v * kWidth);
        part[v] += value;
        part_squares[v] += value * value;
      }
    }
    for (std::size_t v = 0; v < kVectors; ++v) {
      sum[v] += part[v];
      sum_squares[v] += part_squares[v];
    }
  }
  std::memcpy(lanes.sum + first_lane, sum, sizeof sum);
  std::memcpy(lanes.sum_squares + first_lane, sum_squares, sizeof sum_squares);
}

// Fills the extremes of all lanes, with vectors of kWidth values of their own type.
template <std::size_t kWidth, typename T>
void bound_lanes(const T* values, std::size_t rows, Lanes& lanes) {
  using Values = typename VectorOf<T, kWidth>::Type;
  constexpr std::size_t kVectors = kLanes / kWidth;
  Values least[kVectors];
  Values greatest[kVectors];
  std::memcpy(least, values, sizeof least);
  std::memcpy(greatest, values, sizeof greatest);
  for (std::size_t row = 1; row < rows; ++row) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      Values value;
      std::memcpy(&value, values + row * kLanes + v * kWidth, sizeof value);
      least[v] = value < least[v] ? value : least[v];
      greatest[v] = value > greatest[v] ? value : greatest[v];
    }
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    lanes.least[lane] = static_cast<double>(least[lane / kWidth][lane % kWidth]);
    lanes.greatest[lane] = static_cast<double>(greatest[lane / kWidth][lane % kWidth]);
  }
}

// kBytes is the size of a register. kVectors registers hold sums and as many hold squares at the same time.
template <std::size_t kBytes, std::size_t kVectors, typename T>
void rows_of(const T* values, std::size_t rows, Lanes& lanes) {
  constexpr std::size_t kWidth = kBytes / sizeof(double);
  for (std::size_t lane = 0; lane < kLanes; lane += kWidth * kVectors) {
    sum_lanes<kWidth, kVectors>(values, rows, lane, lanes);
  }
  bound_lanes<kBytes / sizeof(T)>(values, rows, lanes);
}

}  // namespace
}  // namespace tickertape::histogram_impl
