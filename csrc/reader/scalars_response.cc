// Columns of scalars as the message ReadScalarsResponse of TensorBoard's data provider. L4.
#include "reader/scalars_response.h"

#include <string_view>

#include "protobuf/writer.h"
#include "reader/extremes.h"

namespace tickertape {
namespace {

using protobuf::length_field_size;

// tensorboard/data/proto/data_provider.proto
constexpr std::uint32_t kRuns = 1;                             // ReadScalarsResponse
constexpr std::uint32_t kName = 1, kTags = 2;                  // RunEntry
constexpr std::uint32_t kTag = 1, kData = 2;                   // TagEntry
constexpr std::uint32_t kStep = 1, kWallTime = 2, kValue = 3;  // ScalarData, packed

// What is written of a tag, and the sizes of its messages.
struct TagEntry {
  const ScalarColumns* columns;
  std::vector<std::size_t> rows;
  std::size_t step_bytes = 0;
  std::size_t data_size = 0;
  std::size_t size = 0;
};

struct RunEntry {
  const ScalarRun* run;
  std::vector<TagEntry> tags;
  std::size_t size = 0;
};

// An empty field is left out, as protobuf does.
std::size_t filled_size(std::uint32_t field, std::size_t bytes) {
  return bytes == 0 ? 0 : length_field_size(field, bytes);
}

TagEntry measured(const ScalarColumns& columns, std::size_t points) {
  TagEntry entry{&columns, extremes(columns.value, points)};
  for (const std::size_t row : entry.rows)
    entry.step_bytes += varint_size(static_cast<std::uint64_t>(columns.step[row]));
  entry.data_size = filled_size(kStep, entry.step_bytes) +
                    filled_size(kWallTime, entry.rows.size() * sizeof(double)) +
                    filled_size(kValue, entry.rows.size() * sizeof(float));
  entry.size = filled_size(kTag, columns.tag.size()) + length_field_size(kData, entry.data_size);
  return entry;
}

void write_text(std::uint32_t field, std::string_view text, protobuf::Writer& writer) {
  if (!text.empty()) writer.text_field(field, text);
}

void write(const TagEntry& entry, protobuf::Writer& writer) {
  const ScalarColumns& columns = *entry.columns;
  write_text(kTag, columns.tag, writer);
  writer.length_field(kData, entry.data_size);
  if (entry.rows.empty()) return;
  writer.length_field(kStep, entry.step_bytes);
  for (const std::size_t row : entry.rows) writer.raw_varint(static_cast<std::uint64_t>(columns.step[row]));
  writer.length_field(kWallTime, entry.rows.size() * sizeof(double));
  for (const std::size_t row : entry.rows) writer.raw_double(columns.wall_time[row]);
  writer.length_field(kValue, entry.rows.size() * sizeof(float));
  for (const std::size_t row : entry.rows) writer.raw_float(static_cast<float>(columns.value[row]));
}

}  // namespace

Buffer scalars_response(const std::vector<ScalarRun>& runs, std::size_t points) {
  std::vector<RunEntry> entries;
  entries.reserve(runs.size());
  std::size_t size = 0;
  for (const ScalarRun& run : runs) {
    RunEntry& entry = entries.emplace_back(RunEntry{&run, {}, filled_size(kName, run.name.size())});
    for (const ScalarColumns& columns : run.tags) {
      entry.tags.push_back(measured(columns, points));
      entry.size += length_field_size(kTags, entry.tags.back().size);
    }
    size += length_field_size(kRuns, entry.size);
  }
  Buffer message;
  if (size == 0) return message;
  protobuf::Writer writer(message.extend(size));
  for (const RunEntry& entry : entries) {
    writer.length_field(kRuns, entry.size);
    write_text(kName, entry.run->name, writer);
    for (const TagEntry& tag : entry.tags) {
      writer.length_field(kTags, tag.size);
      write(tag, writer);
    }
  }
  return message;
}

}  // namespace tickertape
