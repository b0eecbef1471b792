// Event file to columns. L4.
#include "reader/scalars.h"

#include <algorithm>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "event/decoder.h"
#include "protobuf/fields.h"
#include "protobuf/reader.h"
#include "tfrecord/format.h"
#include "tfrecord/record_reader.h"

namespace tickertape {
namespace {

class Columns {
 public:
  // Adds the scalars of an event: all of them or, if it throws DataError, none.
  void add(const EventView& event) {
    if (event.what != protobuf::event_field::kSummary) return;
    found_.clear();
    protobuf::Field field;
    for (protobuf::Reader reader(event.content.bytes(), protobuf::kMostDepth - 1); reader.next(field);) {
      if (field.field != protobuf::summary_field::kValue || field.type != protobuf::WireType::kLength)
        continue;
      const ValueView value = decode_value(field.bytes);
      double scalar;
      if (decode_scalar(value, scalar)) found_.emplace_back(value.tag, scalar);
    }
    for (const auto& [tag, scalar] : found_) {
      ScalarSeries& series = series_of(tag);
      series.steps.push_back(event.step);
      series.wall_times.push_back(event.wall_time);
      series.values.push_back(scalar);
    }
  }

  std::vector<ScalarSeries> take() {
    std::vector<ScalarSeries> taken;
    taken.reserve(all_.size());
    for (Column& column : all_) taken.push_back(std::move(column.series));
    return taken;
  }

 private:
  struct Column {
    ScalarSeries series;
    Column* next = nullptr;  // the column whose value followed this one's the last time
  };

  // A training loop logs the same tags in the same order at each step, so the column that came next the last
  // time is tried before the search.
  ScalarSeries& series_of(std::string_view tag) {
    Column*& guess = last_ != nullptr ? last_->next : first_;
    if (guess == nullptr || guess->series.tag != tag) guess = &column_of(tag);
    last_ = guess;
    return guess->series;
  }

  Column& column_of(std::string_view tag) {
    const auto found = by_tag_.find(tag);
    if (found != by_tag_.end()) return *found->second;
    Column& column = all_.emplace_back();
    column.series.tag = tag;
    by_tag_.emplace(column.series.tag, &column);
    return column;
  }

  std::vector<std::pair<std::string_view, double>> found_;  // of the event at hand
  std::deque<Column> all_;  // elements never move: the keys below point into them
  std::unordered_map<std::string_view, Column*> by_tag_;
  Column* first_ = nullptr;
  Column* last_ = nullptr;
};

}  // namespace

FileScalars read_scalars(const std::string& path, InterruptCheck check) {
  RecordReader reader(path);
  reader.set_interrupt_check(check);
  Columns columns;
  FileScalars scalars;
  for (Bytes record; reader.next(record);) {
    try {
      columns.add(decode_event(record));
    } catch (const DataError&) {  // whole by its CRCs, yet no Event: another program's record
      const std::uint64_t size = record.size() + record_format::kOverheadBytes;
      scalars.damaged.push_back({reader.offset() - size, size});
    }
  }
  scalars.damaged.insert(scalars.damaged.end(), reader.damage().begin(), reader.damage().end());
  std::ranges::sort(scalars.damaged, {}, &DamagedRegion::offset);
  scalars.series = columns.take();
  return scalars;
}

}  // namespace tickertape
