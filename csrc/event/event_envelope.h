// The messages around a value: Event { wall_time step Summary { Value { tag ... } } }. L2, private to event/.
#pragma once

#include <bit>
#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "event/op.h"
#include "protobuf/fields.h"
#include "protobuf/writer.h"

namespace tickertape::event_envelope {

using protobuf::length_field_size;
using protobuf::Writer;

// proto3 omits numbers whose bits are all zero. It writes -0.0.
inline bool is_written(double value) { return std::bit_cast<std::uint64_t>(value) != 0; }

inline std::size_t double_size(std::uint32_t field, double value) {
  return is_written(value) ? protobuf::fixed64_field_size(field) : 0;
}
inline void put_double(Writer& writer, std::uint32_t field, double value) {
  if (is_written(value)) writer.double_field(field, value);
}
inline std::size_t number_size(std::uint32_t field, std::uint64_t value) {
  return value != 0 ? protobuf::varint_field_size(field, value) : 0;
}
inline void put_number(Writer& writer, std::uint32_t field, std::uint64_t value) {
  if (value != 0) writer.varint_field(field, value);
}
inline std::size_t text_size(std::uint32_t field, std::string_view text) {
  return text.empty() ? 0 : length_field_size(field, text.size());
}
inline void put_text(Writer& writer, std::uint32_t field, std::string_view text) {
  if (!text.empty()) writer.text_field(field, text);
}

inline std::size_t head_size(double wall_time, std::int64_t step) {
  return double_size(protobuf::event_field::kWallTime, wall_time) +
         number_size(protobuf::event_field::kStep, static_cast<std::uint64_t>(step));
}
inline void put_head(Writer& writer, double wall_time, std::int64_t step) {
  put_double(writer, protobuf::event_field::kWallTime, wall_time);
  put_number(writer, protobuf::event_field::kStep, static_cast<std::uint64_t>(step));
}

// Throws ArgumentError for an Event that no reader can parse.
inline void check_event_size(std::size_t size) {
  if (size > kMaxEventBytes)
    throw ArgumentError("expected less than 2 GiB, protobuf's limit for a message, got " +
                        std::to_string(size) + " bytes");
}

// Appends an Event with one Value to `out`. The Value consists of `tag` and `content_size` more bytes, which
// `write_content(Writer&)` writes. Throws as check_event_size() does.
template <typename WriteContent>
void append_value_event(const OpView& op, std::string_view tag, std::size_t content_size, Buffer& out,
                        WriteContent write_content) {
  const std::size_t value = text_size(protobuf::value_field::kTag, tag) + content_size;
  const std::size_t summary = length_field_size(protobuf::summary_field::kValue, value);
  const std::size_t event =
      head_size(op.wall_time, op.step) + length_field_size(protobuf::event_field::kSummary, summary);
  check_event_size(event);
  Writer writer(out.reserve_back(event));
  put_head(writer, op.wall_time, op.step);
  writer.length_field(protobuf::event_field::kSummary, summary);
  writer.length_field(protobuf::summary_field::kValue, value);
  put_text(writer, protobuf::value_field::kTag, tag);
  write_content(writer);
  assert(writer.position() == out.data() + out.size() + event);
  out.commit(event);
}

// SummaryMetadata as a field of a Value. Omitted if all of it is empty.
struct Metadata {
  std::string_view plugin_name;
  Bytes plugin_content;
  std::string_view display_name, description;
  std::uint64_t data_class = 0;

  std::size_t plugin_size() const {
    return text_size(protobuf::plugin_data_field::kPluginName, plugin_name) +
           text_size(protobuf::plugin_data_field::kContent, as_text(plugin_content));
  }
  std::size_t message_size() const {
    return (plugin_size() != 0 ? length_field_size(protobuf::metadata_field::kPluginData, plugin_size())
                               : 0) +
           text_size(protobuf::metadata_field::kDisplayName, display_name) +
           text_size(protobuf::metadata_field::kSummaryDescription, description) +
           number_size(protobuf::metadata_field::kDataClass, data_class);
  }
  std::size_t field_size() const {
    return message_size() != 0 ? length_field_size(protobuf::value_field::kMetadata, message_size()) : 0;
  }
  void put(Writer& writer) const {
    if (message_size() == 0) return;
    writer.length_field(protobuf::value_field::kMetadata, message_size());
    if (plugin_size() != 0) {
      writer.length_field(protobuf::metadata_field::kPluginData, plugin_size());
      put_text(writer, protobuf::plugin_data_field::kPluginName, plugin_name);
      put_text(writer, protobuf::plugin_data_field::kContent, as_text(plugin_content));
    }
    put_text(writer, protobuf::metadata_field::kDisplayName, display_name);
    put_text(writer, protobuf::metadata_field::kSummaryDescription, description);
    put_number(writer, protobuf::metadata_field::kDataClass, data_class);
  }
};

}  // namespace tickertape::event_envelope
