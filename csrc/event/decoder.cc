// Event bytes to views. L2.
#include "event/decoder.h"

#include "protobuf/fields.h"
#include "protobuf/reader.h"

namespace tickertape {

using namespace protobuf;

namespace {

bool is_event_content(std::uint32_t field) {
  return field >= event_field::kFileVersion && field <= event_field::kMetaGraphDef;
}

bool is_value_content(std::uint32_t field) {
  return (field >= value_field::kSimpleValue && field <= value_field::kAudio) ||
         field == value_field::kTensor;
}

void decode_plugin_data(Bytes metadata, ValueView& value) {
  Field field;
  for (Reader reader(metadata); reader.next(field);) {
    if (field.field != metadata_field::kPluginData || field.type != WireType::kLength) continue;
    Field inner;
    for (Reader plugin(field.bytes); plugin.next(inner);) {
      if (inner.type != WireType::kLength) continue;
      if (inner.field == plugin_data_field::kPluginName) value.plugin_name = inner.text();
      if (inner.field == plugin_data_field::kContent) value.plugin_content = inner.bytes;
    }
  }
}

}  // namespace

EventView decode_event(Bytes bytes) {
  EventView event;
  Field field;
  for (Reader reader(bytes); reader.next(field);) {
    if (field.field == event_field::kWallTime && field.type == WireType::kFixed64) {
      event.wall_time = field.as_double();
    } else if (field.field == event_field::kStep && field.type == WireType::kVarint) {
      event.step = static_cast<std::int64_t>(field.number);
    } else if (is_event_content(field.field) && field.type == WireType::kLength) {
      event.what = field.field;
      event.content = field.bytes;
    }
  }
  return event;
}

ValueView decode_value(Bytes bytes) {
  ValueView value;
  Field field;
  for (Reader reader(bytes); reader.next(field);) {
    if (field.field == value_field::kSimpleValue && field.type == WireType::kFixed32) {
      value.kind = field.field;
      value.simple_value = field.as_float();
    } else if (field.type != WireType::kLength) {
      continue;
    } else if (field.field == value_field::kTag) {
      value.tag = field.text();
    } else if (field.field == value_field::kMetadata) {
      decode_plugin_data(field.bytes, value);
    } else if (is_value_content(field.field)) {
      value.kind = field.field;
      value.content = field.bytes;
    }
  }
  return value;
}

bool decode_scalar(const ValueView& value, double& scalar) {
  if (value.kind == value_field::kSimpleValue) {
    scalar = value.simple_value;
    return true;
  }
  if (value.kind != value_field::kTensor || (!value.plugin_name.empty() && value.plugin_name != "scalars"))
    return false;
  constexpr std::uint32_t kTensorContent =
      4;  // tensor.proto: raw bytes instead of typed values, as TensorFlow writes
  Field field;
  std::uint64_t type = 0;
  bool found = false;
  for (Reader reader(value.content); reader.next(field);) {
    if (field.field == tensor_field::kDtype) type = field.number;
    const bool packed = field.type == WireType::kLength;
    const bool holds_values = field.field == tensor_field::kFloatVal ||
                              field.field == tensor_field::kDoubleVal || field.field == kTensorContent;
    if (!holds_values) continue;
    if (type == static_cast<std::uint64_t>(TensorType::kFloat) && (!packed || field.bytes.size() == 4)) {
      const auto bits =
          packed ? load_le<std::uint32_t>(field.bytes.data()) : static_cast<std::uint32_t>(field.number);
      scalar = std::bit_cast<float>(bits);
      found = true;
    } else if (type == static_cast<std::uint64_t>(TensorType::kDouble) &&
               (!packed || field.bytes.size() == 8)) {
      scalar = std::bit_cast<double>(packed ? load_le<std::uint64_t>(field.bytes.data()) : field.number);
      found = true;
    }
  }
  return found;
}

}  // namespace tickertape
