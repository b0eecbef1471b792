// A tensor of one number. L2.
#include "event/tensor_decoder.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "array/float16.h"
#include "base/endian.h"
#include "event/messages.h"
#include "protobuf/fields.h"
#include "protobuf/message.h"
#include "protobuf/reader.h"

namespace tickertape {

using namespace protobuf;

namespace {

// How an element of one type is stored: in which field, in how many bytes of tensor_content, and its value by
// its bits. A varint has the bits of an int64.
struct ElementType {
  std::uint32_t field;
  std::size_t width;
  double (*value)(std::uint64_t bits);
};

template <typename T>
double integer_value(std::uint64_t bits) {
  return static_cast<double>(static_cast<T>(bits));
}

constexpr std::uint64_t dtype_of(TensorType type) { return static_cast<std::uint64_t>(type); }

const ElementType* element_type(std::uint64_t dtype) {
  static constexpr ElementType kFloat{tensor_field::kFloatVal, 4, [](std::uint64_t bits) -> double {
                                        return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
                                      }};
  static constexpr ElementType kDouble{tensor_field::kDoubleVal, 8,
                                       [](std::uint64_t bits) { return std::bit_cast<double>(bits); }};
  static constexpr ElementType kHalf{tensor_field::kHalfVal, 2, [](std::uint64_t bits) -> double {
                                       return float16_value(static_cast<std::uint16_t>(bits));
                                     }};
  static constexpr ElementType kBfloat16{tensor_field::kHalfVal, 2, [](std::uint64_t bits) -> double {
                                           return bfloat16_value(static_cast<std::uint16_t>(bits));
                                         }};
  static constexpr ElementType kBool{tensor_field::kBoolVal, 1,
                                     [](std::uint64_t bits) { return bits != 0 ? 1.0 : 0.0; }};
  static constexpr ElementType kInt8{tensor_field::kIntVal, 1, integer_value<std::int8_t>};
  static constexpr ElementType kUint8{tensor_field::kIntVal, 1, integer_value<std::uint8_t>};
  static constexpr ElementType kInt16{tensor_field::kIntVal, 2, integer_value<std::int16_t>};
  static constexpr ElementType kUint16{tensor_field::kIntVal, 2, integer_value<std::uint16_t>};
  static constexpr ElementType kInt32{tensor_field::kIntVal, 4, integer_value<std::int32_t>};
  static constexpr ElementType kUint32{tensor_field::kUint32Val, 4, integer_value<std::uint32_t>};
  static constexpr ElementType kInt64{tensor_field::kInt64Val, 8, integer_value<std::int64_t>};
  static constexpr ElementType kUint64{tensor_field::kUint64Val, 8, integer_value<std::uint64_t>};
  switch (dtype) {  // which may have no name
    case dtype_of(TensorType::kFloat):
      return &kFloat;
    case dtype_of(TensorType::kDouble):
      return &kDouble;
    case dtype_of(TensorType::kHalf):
      return &kHalf;
    case dtype_of(TensorType::kBfloat16):
      return &kBfloat16;
    case dtype_of(TensorType::kBool):
      return &kBool;
    case dtype_of(TensorType::kInt8):
      return &kInt8;
    case dtype_of(TensorType::kUint8):
      return &kUint8;
    case dtype_of(TensorType::kInt16):
      return &kInt16;
    case dtype_of(TensorType::kUint16):
      return &kUint16;
    case dtype_of(TensorType::kInt32):
      return &kInt32;
    case dtype_of(TensorType::kUint32):
      return &kUint32;
    case dtype_of(TensorType::kInt64):
      return &kInt64;
    case dtype_of(TensorType::kUint64):
      return &kUint64;
    default:
      return nullptr;
  }
}

struct Elements {
  std::size_t count = 0;
  std::uint64_t bits = 0;  // of the first
};

void add_elements(const FieldSchema& known, const Field& field, Elements& elements) {
  if (field.type != WireType::kLength) {
    if (elements.count++ == 0) elements.bits = field.number;
    return;
  }
  std::uint64_t number;
  for (PackedReader packed(known.kind, field.bytes); elements.count < 2 && packed.next(number);) {
    if (elements.count++ == 0) elements.bits = number;
  }
}

// True if every dimension is 1. The product of the dimensions, which may overflow, is not needed.
bool is_of_one(Bytes shape) {
  Field dimension;
  for (Reader dimensions(shape); dimensions.next(dimension);) {
    if (dimension.field != shape_field::kDim || dimension.type != WireType::kLength) continue;
    std::uint64_t size = 0;
    Field field;
    for (Reader reader(dimension.bytes); reader.next(field);) {
      if (field.field == shape_field::kDimSize && field.type == WireType::kVarint) size = field.number;
    }
    if (size != 1) return false;
  }
  return true;
}

std::uint64_t load_bits(Bytes content) {
  std::uint64_t bits = 0;
  for (std::size_t i = content.size(); i-- > 0;) bits = bits << 8 | content[i];
  return bits;
}

// The values of one field of a tensor, which come before or behind its dtype.
Elements elements_of(Bytes tensor, std::uint32_t number) {
  const auto index = static_cast<std::size_t>(messages::kTensorProto.index_of(number));
  const FieldSchema& known = messages::kTensorProto.fields[index];
  Elements elements;
  Field field;
  for (Reader reader(tensor); elements.count < 2 && reader.next(field);) {
    if (field.field == number && is_value_of(known, field)) add_elements(known, field, elements);
  }
  return elements;
}

}  // namespace

bool decode_number(Bytes tensor, double& number) {
  std::uint64_t dtype = 0;
  Bytes content;
  Field field;
  for (Reader reader(tensor); reader.next(field);) {
    if (field.field == tensor_field::kDtype && field.type == WireType::kVarint)
      dtype = field.number & UINT32_MAX;
    if (field.field == tensor_field::kTensorContent && field.type == WireType::kLength) content = field.bytes;
    const bool is_shape = field.field == tensor_field::kShape && field.type == WireType::kLength;
    if (is_shape && !is_of_one(field.bytes)) return false;
  }
  const ElementType* type = element_type(dtype);
  if (type == nullptr) return false;
  if (!content.empty()) {
    if (content.size() != type->width) return false;
    number = type->value(load_bits(content));
    return true;
  }
  const Elements elements = elements_of(tensor, type->field);
  if (elements.count != 1) return false;
  number = type->value(elements.bits);
  return true;
}

}  // namespace tickertape
