// Event file to columns. L4.
#include "reader/scalars.h"

#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "event/decoder.h"
#include "record/record_reader.h"
#include "wire/fields.h"
#include "wire/reader.h"

namespace tickertape {
namespace {

class Columns {
 public:
  void add(const EventView& event) {
    if (event.what != wire::event_field::kSummary) return;
    wire::Field field;
    for (wire::Reader reader(event.content); reader.next(field);) {
      if (field.field != wire::summary_field::kValue || field.type != wire::WireType::kLength) continue;
      const ValueView value = decode_value(field.bytes);
      double scalar;
      if (!decode_scalar(value, scalar)) continue;
      ScalarSeries& series = series_of(value.tag);
      series.steps.push_back(event.step);
      series.wall_times.push_back(event.wall_time);
      series.values.push_back(scalar);
    }
  }

  std::vector<ScalarSeries> take() {
    return {std::move_iterator(all_.begin()), std::move_iterator(all_.end())};
  }

 private:
  ScalarSeries& series_of(std::string_view tag) {
    const auto found = by_tag_.find(tag);
    if (found != by_tag_.end()) return *found->second;
    ScalarSeries& series = all_.emplace_back();
    series.tag = tag;
    by_tag_.emplace(series.tag, &series);
    return series;
  }

  std::deque<ScalarSeries> all_;  // elements never move: the keys below point into them
  std::unordered_map<std::string_view, ScalarSeries*> by_tag_;
};

}  // namespace

std::vector<ScalarSeries> read_scalars(const std::string& path) {
  RecordReader reader(path);
  Columns columns;
  for (Bytes record; reader.next(record);) {
    try {
      columns.add(decode_event(record));
    } catch (const DataError&) {
      continue;  // whole by its CRCs, yet no Event: another program's record
    }
  }
  return columns.take();
}

}  // namespace tickertape
