// Event bytes to views. L2.
#include "event/decoder.h"

#include <algorithm>
#include <bit>

#include "base/endian.h"
#include "base/error.h"
#include "event/messages.h"
#include "protobuf/fields.h"
#include "protobuf/reader.h"
#include "protobuf/utf8.h"

namespace tickertape {

using namespace protobuf;

namespace {

constexpr int kEventDepth = kMostDepth;
constexpr int kValueDepth = kEventDepth - 2;  // Event, Summary, Value

bool is_event_content(std::uint32_t field) {
  return field >= event_field::kFileVersion && field <= event_field::kMetaGraphDef;
}

bool is_value_content(std::uint32_t field) {
  return (field >= value_field::kSimpleValue && field <= value_field::kAudio) ||
         field == value_field::kTensor;
}

const FieldSchema* schema_of(const MessageSchema& message, std::uint32_t field) {
  const int index = message.index_of(field);
  return index < 0 ? nullptr : &message.fields[static_cast<std::size_t>(index)];
}

// Throws DataError if `bytes` is no content of a string or a message.
void check_content(const FieldSchema& known, Bytes bytes, int depth) {
  if (known.kind == FieldKind::kMessage) check_message(*known.message, bytes, depth - 1, bytes.data());
  if (known.kind == FieldKind::kString && !is_utf8(bytes)) throw DataError(0, "string that is not UTF-8");
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

// Sets `content` to what the oneof's member `field` holds; `member` is the one before.
void set_content(std::uint32_t& member, Pieces& content, const FieldSchema& known, const Field& field) {
  if (member == field.field && known.kind == FieldKind::kMessage) {
    content.join(field.bytes);
  } else {
    content.replace(field.bytes);
  }
  member = field.field;
}

void check_summary(Bytes summary) {
  check_message(messages::kSummary, summary, kEventDepth - 1, summary.data());
}

// A summary's values are checked by decode_value(), but not those of a summary that a later member of the
// oneof replaces; and the parts of a summary must each be right, not only what they are when joined.
void check_before(std::uint32_t next, const EventView& event, Bytes content) {
  if (event.what != event_field::kSummary) return;
  if (next != event_field::kSummary || !event.content.is_joined()) check_summary(event.content.bytes());
  if (next == event_field::kSummary) check_summary(content);
}

void add_content(const Field& field, EventView& event) {
  const FieldSchema* known = schema_of(messages::kEvent, field.field);
  if (known == nullptr) return;
  if (field.field != event_field::kSummary) check_content(*known, field.bytes, kEventDepth);
  if (!is_event_content(field.field)) return;
  check_before(field.field, event, field.bytes);
  set_content(event.what, event.content, *known, field);
}

void add_content(const Field& field, ValueView& value) {
  const FieldSchema* known = schema_of(messages::kValue, field.field);
  if (known == nullptr) return;
  check_content(*known, field.bytes, kValueDepth);
  if (field.field == value_field::kMetadata) decode_plugin_data(field.bytes, value);
  if (is_value_content(field.field) && field.field != value_field::kSimpleValue)
    set_content(value.kind, value.content, *known, field);
}

}  // namespace

EventView decode_event(Bytes bytes) {
  EventView event;
  Field field;
  for (Reader reader(bytes, kEventDepth); reader.next(field);) {
    if (field.field == event_field::kWallTime && field.type == WireType::kFixed64) {
      event.wall_time = field.as_double();
    } else if (field.field == event_field::kStep && field.type == WireType::kVarint) {
      event.step = static_cast<std::int64_t>(field.number);
    } else if (field.field == event_field::kSummary && field.type == WireType::kLength && event.what == 0) {
      event.what = event_field::kSummary;  // nearly every event
      event.content.replace(field.bytes);
    } else if (field.type == WireType::kLength) {
      add_content(field, event);
    }
  }
  return event;
}

ValueView decode_value(Bytes bytes) {
  ValueView value;
  Field field;
  for (Reader reader(bytes, kValueDepth); reader.next(field);) {
    if (field.field == value_field::kSimpleValue && field.type == WireType::kFixed32) {
      value.kind = field.field;
      value.simple_value = field.as_float();
    } else if (field.field == value_field::kTag && field.type == WireType::kLength) {
      if (!is_utf8(field.bytes)) throw DataError(0, "tag that is not UTF-8");
      value.tag = field.text();
    } else if (field.type == WireType::kLength) {
      add_content(field, value);
    }
  }
  return value;
}

namespace {

// What a tensor says of one element: the last field of each kind and how often there was one. The dtype,
// which tells what counts, may come at the end.
struct TensorElement {
  std::uint64_t dtype = 0;
  std::size_t floats = 0, doubles = 0;
  std::uint64_t float_bits = 0, double_bits = 0;
  Bytes content;
};

void add_elements(const Field& field, FieldKind kind, std::size_t& count, std::uint64_t& bits) {
  if (field.type != WireType::kLength) {
    bits = field.number;
    ++count;
    return;
  }
  const std::size_t width = kind == FieldKind::kFloat ? 4 : 8;
  count += field.bytes.size() / width;
  PackedReader packed(kind, field.bytes.first(std::min(field.bytes.size(), width)));
  packed.next(bits);
}

TensorElement read_tensor(Bytes tensor) {
  TensorElement element;
  Field field;
  for (Reader reader(tensor); reader.next(field);) {
    const FieldSchema* known = schema_of(messages::kTensorProto, field.field);
    if (known == nullptr || !is_value_of(*known, field)) continue;
    if (field.field == tensor_field::kDtype) element.dtype = field.number & UINT32_MAX;
    if (field.field == tensor_field::kTensorContent) element.content = field.bytes;
    if (field.field == tensor_field::kFloatVal)
      add_elements(field, known->kind, element.floats, element.float_bits);
    if (field.field == tensor_field::kDoubleVal)
      add_elements(field, known->kind, element.doubles, element.double_bits);
  }
  return element;
}

}  // namespace

bool decode_scalar(const ValueView& value, double& scalar) {
  if (value.kind == value_field::kSimpleValue) {
    scalar = value.simple_value;
    return true;
  }
  const bool may_be_scalar = value.plugin_name.empty() || value.plugin_name == "scalars";
  if (value.kind != value_field::kTensor || !may_be_scalar) return false;
  const TensorElement element = read_tensor(value.content.bytes());
  const Bytes content = element.content;  // counts before typed values, as for TensorBoard's make_ndarray()
  if (element.dtype == static_cast<std::uint64_t>(TensorType::kFloat)) {
    if (content.empty() ? element.floats != 1 : content.size() != 4) return false;
    const auto bits = content.empty() ? static_cast<std::uint32_t>(element.float_bits)
                                      : load_le<std::uint32_t>(content.data());
    scalar = std::bit_cast<float>(bits);
    return true;
  }
  if (element.dtype == static_cast<std::uint64_t>(TensorType::kDouble)) {
    if (content.empty() ? element.doubles != 1 : content.size() != 8) return false;
    scalar =
        std::bit_cast<double>(content.empty() ? element.double_bits : load_le<std::uint64_t>(content.data()));
    return true;
  }
  return false;
}

}  // namespace tickertape
