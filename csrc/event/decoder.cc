// Event bytes to views. L2.
#include "event/decoder.h"

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

// Throws DataError if `bytes` is not valid content of the string or message `known`.
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

// Sets `content` to the content of `field`, a member of a oneof. `member` is the member that was set before.
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

// decode_value() checks the values of a summary. It never sees those of a summary that a later member of the
// oneof replaces, nor the parts of a summary before they are joined, so these are checked here.
void check_before(std::uint32_t next, const EventView& event, Bytes content) {
  if (event.what != event_field::kSummary) return;
  if (next != event_field::kSummary || !event.content.is_joined()) check_summary(event.content.bytes());
  if (next == event_field::kSummary) check_summary(content);
}

void add_content(const Field& field, EventView& event) {
  const FieldSchema* known = schema_of(messages::kEvent, field.field);
  if (known == nullptr) return;
  if (field.field != event_field::kSummary) check_content(*known, field.bytes, kEventDepth);
  if (field.field == event_field::kSourceMetadata) event.source_metadata = field.bytes;
  if (!is_event_content(field.field)) return;
  check_before(field.field, event, field.bytes);
  set_content(event.what, event.content, *known, field);
}

void add_content(const Field& field, ValueView& value) {
  const FieldSchema* known = schema_of(messages::kValue, field.field);
  if (known == nullptr) return;
  check_content(*known, field.bytes, kValueDepth);
  if (field.field == value_field::kNodeName) value.node_name = field.text();
  if (field.field == value_field::kMetadata) {
    decode_plugin_data(field.bytes, value);
    value.has_metadata ? value.metadata.join(field.bytes) : value.metadata.replace(field.bytes);
    value.has_metadata = true;
  }
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

std::string_view run_metadata_tag(Bytes run_metadata) {
  std::string_view tag;
  Field field;
  for (Reader reader(run_metadata); reader.next(field);) {
    if (field.field == run_metadata_field::kTag && field.type == WireType::kLength) tag = field.text();
  }
  return tag;
}

std::uint32_t session_status(Bytes session_log) {
  std::uint32_t status = 0;
  Field field;
  for (Reader reader(session_log); reader.next(field);) {
    if (field.field == session_log_field::kStatus && field.type == WireType::kVarint)
      status = static_cast<std::uint32_t>(field.number);
  }
  return status;
}

std::string_view source_writer(Bytes source_metadata) {
  std::string_view writer;
  Field field;
  for (Reader reader(source_metadata); reader.next(field);) {
    if (field.field == source_metadata_field::kWriter && field.type == WireType::kLength)
      writer = field.text();
  }
  return writer;
}

}  // namespace tickertape
