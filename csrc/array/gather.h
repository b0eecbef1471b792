// Copies an array with any strides into contiguous memory. This is the copy that a snapshot costs. L1.
#pragma once

#include <cstddef>
#include <cstdint>

#include "array/array.h"

namespace tickertape {

// An n-dimensional array in the caller's memory. Does not own anything it points to. Strides are in bytes and
// may be negative or 0.
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
  // True if the elements are contiguous in C order.
  bool is_contiguous() const;

  // An array with no elements.
  static ArraySource empty() {
    static constexpr std::ptrdiff_t kNothing = 0;
    return {nullptr, DType::kFloat32, 1, &kNothing, &kNothing};
  }
};

// Copies the elements in C order to `to`, which must have room for size_bytes() and must not overlap the
// array.
void gather(const ArraySource& from, std::uint8_t* to);

}  // namespace tickertape
