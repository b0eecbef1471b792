// A slow and plain index of event files, and texts of indices to compare. For the native tests and the fuzz
// target.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "event/messages.h"
#include "event/tensor_decoder.h"
#include "protobuf/fields.h"
#include "protobuf/message.h"
#include "reader/file_index.h"
#include "reader/file_scan.h"
#include "tfrecord/record_reader.h"

namespace tickertape::test {

inline std::string bits_text(double value) { return std::to_string(std::bit_cast<std::uint64_t>(value)); }

// Everything that a scan finds but the order of problems that have no size.
inline std::string text_of(const FileIndex& index) {
  std::string text = std::to_string(index.end) + " events " + std::to_string(index.events) + " tail " +
                     std::to_string(index.tail) + " version " + index.file_version + " writer " +
                     index.source_writer + "\n";
  for (const Problem& problem : index.problems) {
    if (problem.size != 0) text += std::to_string(problem.offset) + "+" + std::to_string(problem.size) + "\n";
  }
  for (const SessionStart& start : index.starts)
    text += "start " + std::to_string(start.step) + " " + std::to_string(start.ordinal) + "\n";
  for (std::size_t i = 0; i < index.series.size(); ++i) {
    const Series& series = index.series[i];
    const auto rows = index.rows(i);
    text += series.info->tag + " " + std::string(kind_name(series.kind)) + " " + series.info->plugin + " " +
            std::to_string(series.size) + "\n";
    for (std::size_t row = 0; row < rows->size(); ++row) {
      text += " " + std::to_string(rows->ordinal()[row]) + " " + std::to_string(rows->step()[row]) + " " +
              bits_text(rows->wall_time()[row]);
      text += rows->content() == Rows::Content::kNumbers
                  ? " " + bits_text(rows->value()[row])
                  : " at " + std::to_string(rows->offset()[row]) + " " + std::to_string(rows->length()[row]) +
                        " " + std::to_string(rows->position()[row]) + " " +
                        std::to_string(rows->field()[row]);
      text += "\n";
    }
  }
  return text;
}

inline const ScanFilter& no_filter() {
  static const ScanFilter filter;
  return filter;
}

// Scans what is new in `path`, in parts of at least `least_bytes`.
inline std::shared_ptr<const FileIndex> scan_in_parts(const std::string& path,
                                                      std::shared_ptr<const FileIndex> previous = nullptr,
                                                      std::size_t parts = 1, std::uint64_t least_bytes = 1) {
  ScanControl control;
  FileScan scan(path, std::move(previous), no_filter(), control);
  if (!scan.is_unchanged()) {
    const std::size_t count = scan.cut(parts, least_bytes);
    ScanMemory memory;
    for (std::size_t i = count; i-- > 0;) scan.scan_part(i, memory);  // any order will do
  }
  return scan.finish();
}

// The rows of a file, by fields of protobuf's merged messages: one text for each series, in the order of
// their first values.
class PlainIndex {
 public:
  explicit PlainIndex(const std::string& path) {
    RecordReader reader(path);
    for (Bytes data; reader.next(data); ++ordinal_) {
      offset_ = reader.offset() - data.size() - 16;
      length_ = data.size();
      try {
        protobuf::check_message(messages::kEvent, data);
      } catch (const DataError&) {
        continue;
      }
      add(protobuf::MessageFields(messages::kEvent, data));
    }
  }

  std::string text() const { return joined(series_); }

  // The same of an index of ours.
  static std::string text_of(const FileIndex& index) {
    std::vector<std::pair<std::string, std::string>> all;
    for (std::size_t i = 0; i < index.series.size(); ++i) {
      const auto rows = index.rows(i);
      std::string text;
      for (std::size_t row = 0; row < rows->size(); ++row) {
        text += head(rows->ordinal()[row], rows->step()[row], rows->wall_time()[row]);
        text += rows->content() == Rows::Content::kNumbers ? number(rows->value()[row])
                                                           : place(rows->offset()[row], rows->length()[row],
                                                                   rows->position()[row], rows->field()[row]);
      }
      all.emplace_back(index.series[i].info->tag + "|" + std::string(kind_name(index.series[i].kind)), text);
    }
    return joined(all);
  }

 private:
  static std::string joined(const std::vector<std::pair<std::string, std::string>>& series) {
    std::string text;
    for (const auto& [name, rows] : series) text += name + "\n" + rows;
    return text;
  }
  static std::size_t index_in(const protobuf::MessageSchema& schema, std::uint32_t field) {
    return static_cast<std::size_t>(schema.index_of(field));
  }
  static std::string head(std::uint32_t ordinal, std::int64_t step, double wall_time) {
    return std::to_string(ordinal) + " " + std::to_string(step) + " " + bits_text(wall_time);
  }
  static std::string number(double value) { return " = " + bits_text(value) + "\n"; }
  static std::string place(std::int64_t offset, std::int64_t length, int position, unsigned field) {
    return " at " + std::to_string(offset) + "+" + std::to_string(length) + " " + std::to_string(position) +
           " " + std::to_string(field) + "\n";
  }

  void add(const protobuf::MessageFields& event) {
    using namespace protobuf;
    const auto field = [&event](std::uint32_t number) -> const FieldContent& {
      return event[index_in(messages::kEvent, number)];
    };
    head_ = head(ordinal_, static_cast<std::int64_t>(field(event_field::kStep).number),
                 std::bit_cast<double>(field(event_field::kWallTime).number));
    if (field(event_field::kGraphDef).count != 0) add_place("", Kind::kGraphs, -1, 0);
    if (field(event_field::kMetaGraphDef).count != 0) add_place("", Kind::kMetaGraphs, -1, 0);
    if (field(event_field::kLogMessage).count != 0) add_place("", Kind::kLogMessages, -1, 0);
    if (field(event_field::kTaggedRunMetadata).count != 0) {
      const auto& schema = *messages::kEvent.fields[index_in(messages::kEvent, 8)].message;
      const MessageFields metadata(schema, field(event_field::kTaggedRunMetadata).bytes);
      add_place(std::string(as_text(metadata[0].bytes)), Kind::kRunMetadata, -1, 0);
    }
    int position = 0;
    Field part;
    for (Reader reader(field(event_field::kSummary).bytes); reader.next(part);) {
      if (part.field == summary_field::kValue && part.type == WireType::kLength)
        add_value(MessageFields(messages::kValue, part.bytes), position++);
    }
  }

  void add_value(const protobuf::MessageFields& value, int position) {
    using namespace protobuf;
    const auto field = [&value](std::uint32_t number) -> const FieldContent& {
      return value[index_in(messages::kValue, number)];
    };
    const bool is_tensor = field(value_field::kTensor).count != 0;
    std::string tag(as_text(field(value_field::kTag).bytes));
    if (tag.empty() && is_tensor) tag = as_text(field(value_field::kNodeName).bytes);
    if (field(value_field::kMetadata).count != 0) {
      const MessageFields metadata(messages::kSummaryMetadata, field(value_field::kMetadata).bytes);
      const auto& schema = *messages::kSummaryMetadata.fields[0].message;
      const MessageFields plugin(schema, metadata[0].bytes);
      plugins_.try_emplace(tag, as_text(plugin[0].bytes));
    }
    if (field(value_field::kSimpleValue).count != 0) {
      const auto bits = static_cast<std::uint32_t>(field(value_field::kSimpleValue).number);
      return add_row(tag, Kind::kScalars, number(std::bit_cast<float>(bits)));
    }
    if (field(value_field::kImage).count != 0) return add_place(tag, Kind::kImages, position, 4);
    if (field(value_field::kHisto).count != 0) return add_place(tag, Kind::kHistograms, position, 5);
    if (field(value_field::kAudio).count != 0) return add_place(tag, Kind::kAudio, position, 6);
    const auto known = plugins_.find(tag);
    const std::string plugin = known == plugins_.end() ? "" : known->second;
    const Kind kind = kind_of_plugin(plugin);
    double scalar;
    const bool may_be_scalar = is_tensor && (plugin.empty() || kind == Kind::kScalars);
    if (may_be_scalar && decode_number(field(value_field::kTensor).bytes, scalar))
      return add_row(tag, Kind::kScalars, number(scalar));
    if (!is_tensor && plugin.empty()) return;
    const unsigned content = is_tensor ? 8 : field(value_field::kOldHistogram).count != 0 ? 3 : 0;
    add_place(tag, kind == Kind::kScalars ? Kind::kTensors : kind, position, content);
  }

  void add_place(const std::string& tag, Kind kind, int position, unsigned field) {
    add_row(tag, kind,
            place(static_cast<std::int64_t>(offset_), static_cast<std::int64_t>(length_), position, field));
  }
  void add_row(const std::string& tag, Kind kind, const std::string& rest) {
    const std::string name = tag + "|" + std::string(kind_name(kind));
    for (auto& [known, text] : series_) {
      if (known == name) {
        text += head_ + rest;
        return;
      }
    }
    series_.emplace_back(name, head_ + rest);
  }

  std::uint32_t ordinal_ = 0;
  std::uint64_t offset_ = 0;
  std::size_t length_ = 0;
  std::string head_;
  std::map<std::string, std::string> plugins_;
  std::vector<std::pair<std::string, std::string>> series_;
};

}  // namespace tickertape::test
