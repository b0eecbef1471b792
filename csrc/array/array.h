// Element types and views of contiguous numbers: what the codecs take. L1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tickertape {

// Element types in native byte order. The op ring stores these values: never renumber them.
enum class DType : std::uint8_t {
  kBool = 0,
  kUint8 = 1,
  kInt8 = 2,
  kUint16 = 3,
  kInt16 = 4,
  kUint32 = 5,
  kInt32 = 6,
  kUint64 = 7,
  kInt64 = 8,
  kFloat16 = 9,
  kBfloat16 = 10,
  kFloat32 = 11,
  kFloat64 = 12,
};

constexpr std::size_t item_size(DType dtype) {
  switch (dtype) {
    case DType::kBool:
    case DType::kUint8:
    case DType::kInt8:
      return 1;
    case DType::kUint16:
    case DType::kInt16:
    case DType::kFloat16:
    case DType::kBfloat16:
      return 2;
    case DType::kUint32:
    case DType::kInt32:
    case DType::kFloat32:
      return 4;
    case DType::kUint64:
    case DType::kInt64:
    case DType::kFloat64:
      return 8;
  }
  return 0;
}

// `size` contiguous elements of `dtype`, aligned at least to one element. Does not own them.
struct ArrayView {
  const void* data = nullptr;
  std::size_t size = 0;
  DType dtype = DType::kFloat32;
};

}  // namespace tickertape
