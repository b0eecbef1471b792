// Copies an array of any strides into contiguous memory: the one copy that a snapshot costs. L1.
#pragma once

#include <cstddef>
#include <cstdint>

#include "array/array.h"

namespace tickertape {

// The shape of an n-dimensional array somewhere in memory. Not owned. Strides are in bytes and may be
// negative or 0.
struct ArraySource {
  const void* data = nullptr;
  DType dtype = DType::kFloat32;
  std::size_t rank = 0;
  const std::ptrdiff_t* shape = nullptr;
  const std::ptrdiff_t* strides = nullptr;

  std::size_t size() const {
    std::size_t count = 1;
    for (std::size_t axis = 0; axis < rank; ++axis) count *= static_cast<std::size_t>(shape[axis]);
    return count;
  }
  std::size_t size_bytes() const { return size() * item_size(dtype); }
  // True where the elements lie in C order, one behind the other.
  bool is_contiguous() const;

  // An array without elements.
  static ArraySource empty() {
    static constexpr std::ptrdiff_t kNothing = 0;
    return {nullptr, DType::kFloat32, 1, &kNothing, &kNothing};
  }
};

// Copies the elements in C order to `to`, which has room for size_bytes() and does not overlap.
void gather(const ArraySource& from, std::uint8_t* to);

}  // namespace tickertape
