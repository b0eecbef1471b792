// Encodes a TensorProto, with each type's values in the field that TensorFlow and torch use for it. L2.
#include "event/tensor_encoder.h"

#include <cstdint>

#include "event/encoder.h"
#include "event/event_envelope.h"
#include "event/op_body.h"

namespace tickertape {

using namespace event_envelope;
using namespace protobuf;

namespace {

// How a TensorProto (tensor.proto) stores the values of a type: raw little-endian numbers, or varints of
// integers with `item_bytes` bytes.
struct Encoding {
  std::uint32_t field;
  std::size_t item_bytes;
  bool is_varint;
  bool is_signed;
};

Encoding encoding_of(TensorType type) {
  using namespace tensor_field;
  switch (type) {
    case TensorType::kFloat:
      return {kFloatVal, 4, false, false};
    case TensorType::kDouble:
      return {kDoubleVal, 8, false, false};
    case TensorType::kComplex64:
      return {kScomplexVal, 8, false, false};
    case TensorType::kComplex128:
      return {kDcomplexVal, 16, false, false};
    case TensorType::kInt32:
      return {kIntVal, 4, true, true};
    case TensorType::kInt16:
      return {kIntVal, 2, true, true};
    case TensorType::kInt8:
      return {kIntVal, 1, true, true};
    case TensorType::kUint8:
      // torch writes uint8 to uint32_val, which no reader reads (tensor_util.make_ndarray).
      return {kIntVal, 1, true, false};
    case TensorType::kUint16:
      return {kIntVal, 2, true, false};
    case TensorType::kHalf:
    case TensorType::kBfloat16:
      return {kHalfVal, 2, true, false};
    case TensorType::kInt64:
      return {kInt64Val, 8, true, true};
    case TensorType::kBool:
      return {kBoolVal, 1, true, false};
    case TensorType::kUint32:
      return {kUint32Val, 4, true, false};
    case TensorType::kUint64:
      return {kUint64Val, 8, true, false};
    case TensorType::kString:
      return {kStringVal, 0, false, false};
  }
  throw DataError(0, "unknown tensor type in op body");
}

template <typename T, typename Use>
void for_each_integer(Bytes values, Use use) {
  for (std::size_t at = 0; at + sizeof(T) <= values.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, values.data() + at, sizeof value);
    use(static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
  }
}

// Calls `use` with each value as 64 bits in two's complement.
template <typename Use>
void for_each_integer(const Encoding& encoding, Bytes values, Use use) {
  switch (encoding.item_bytes) {
    case 1:
      return encoding.is_signed ? for_each_integer<std::int8_t>(values, use)
                                : for_each_integer<std::uint8_t>(values, use);
    case 2:
      return encoding.is_signed ? for_each_integer<std::int16_t>(values, use)
                                : for_each_integer<std::uint16_t>(values, use);
    case 4:
      return encoding.is_signed ? for_each_integer<std::int32_t>(values, use)
                                : for_each_integer<std::uint32_t>(values, use);
    default:
      return for_each_integer<std::uint64_t>(values, use);
  }
}

template <typename Use>
void for_each_string(Bytes values, Use use) {
  for (std::size_t at = 0; at != values.size();) {
    std::uint64_t size;
    if (values.size() - at < sizeof size) throw DataError(at, "string tensor cut off in op body");
    std::memcpy(&size, values.data() + at, sizeof size);
    at += sizeof size;
    if (size > values.size() - at) throw DataError(at, "string tensor cut off in op body");
    use(values.subspan(at, static_cast<std::size_t>(size)));
    at += static_cast<std::size_t>(size);
  }
}

std::size_t shape_size(const TensorOp& tensor) {
  std::size_t size = 0;
  for (const std::uint64_t extent : tensor.shape) {
    size += length_field_size(shape_field::kDim, number_size(shape_field::kDimSize, extent));
  }
  return size;
}

// Measures the values in the constructor; put() writes them with their field keys.
class Values {
 public:
  Values(TensorType type, Bytes values) : type_(type), encoding_(encoding_of(type)), values_(values) {
    if (type == TensorType::kString) {
      for_each_string(values,
                      [&](Bytes text) { content_size_ += length_field_size(encoding_.field, text.size()); });
    } else if (encoding_.is_varint) {
      for_each_integer(encoding_, values, [&](std::uint64_t value) { content_size_ += varint_size(value); });
    } else {
      content_size_ = values.size();
    }
  }
  std::size_t field_size() const {
    if (type_ == TensorType::kString || content_size_ == 0) return content_size_;
    return length_field_size(encoding_.field, content_size_);
  }
  void put(Writer& writer) const {
    if (type_ == TensorType::kString) {
      for_each_string(values_, [&](Bytes text) { writer.bytes_field(encoding_.field, text); });
      return;
    }
    if (content_size_ == 0) return;
    writer.length_field(encoding_.field, content_size_);
    if (encoding_.is_varint) {
      for_each_integer(encoding_, values_, [&](std::uint64_t value) { writer.raw_varint(value); });
    } else {
      writer.raw(values_);
    }
  }

 private:
  TensorType type_;
  Encoding encoding_;
  Bytes values_;
  std::size_t content_size_ = 0;
};

}  // namespace

std::size_t tensor_values_size(TensorType type, Bytes elements) {
  return Values(type, elements).field_size();
}

void encode_tensor(const OpView& op, std::string_view tag, const TensorOp& tensor, Buffer& out) {
  static_assert(std::endian::native == std::endian::little,
                "raw tensor values are copied as they lie in memory");
  const ArrayView& elements = tensor.elements.view;
  Bytes element_bytes{static_cast<const std::uint8_t*>(elements.data),
                      elements.size * item_size(elements.dtype)};
  // Varints are measured before they are written. If the array is the caller's, it may change in between.
  Buffer snapshot;
  if (op.is_in_place && encoding_of(tensor.type).is_varint) {
    snapshot.append(element_bytes);
    element_bytes = snapshot.bytes();
  }
  const Values values(tensor.type, tensor.type == TensorType::kString ? tensor.strings : element_bytes);
  const Metadata metadata{tensor.plugin_name, tensor.plugin_content, tensor.display_name, tensor.description,
                          tensor.data_class};
  const auto type = static_cast<std::uint64_t>(tensor.type);
  const std::size_t shape = shape_size(tensor);
  const std::size_t proto = varint_field_size(tensor_field::kDtype, type) +
                            (tensor.has_shape != 0 ? length_field_size(tensor_field::kShape, shape) : 0) +
                            values.field_size();
  const std::size_t content = length_field_size(value_field::kTensor, proto) + metadata.field_size();
  append_value_event(op, tag, content, out, [&](Writer& writer) {
    writer.length_field(value_field::kTensor, proto);
    writer.varint_field(tensor_field::kDtype, type);
    if (tensor.has_shape != 0) {
      writer.length_field(tensor_field::kShape, shape);
      for (const std::uint64_t extent : tensor.shape) {
        writer.length_field(shape_field::kDim, number_size(shape_field::kDimSize, extent));
        put_number(writer, shape_field::kDimSize, extent);
      }
    }
    values.put(writer);
    metadata.put(writer);
  });
}

}  // namespace tickertape
