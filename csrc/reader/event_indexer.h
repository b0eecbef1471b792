// Adds events to the index of one part of a file. L4; file_scan.cc feeds it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "event/decoder.h"
#include "reader/file_index.h"
#include "reader/kind.h"
#include "reader/rows.h"
#include "tfrecord/record_run.h"

namespace tickertape {

// Which values a scan keeps.
struct ScanFilter {
  KindSet kinds = KindSet::all();
  std::int64_t first_step = INT64_MIN, last_step = INT64_MAX;
  std::function<bool(std::string_view tag)> keeps_tag;  // empty: every tag; called on the scanning thread
};

// The rows of one tag and kind in one part of a file.
struct PartSeries {
  std::size_t tag;  // index in FilePart::tags
  Kind kind;
  Rows rows;
  std::uint64_t first_offset;  // of the record of the first row
  bool has_step_problem = false, has_time_problem = false;
};

struct PartTag {
  TagInfo info;
  // Whether tensors came before any metadata: what they are follows from an earlier part, if there is one.
  bool has_unknown_numbers = false, has_unknown_tensors = false;
};

// What was found in one part of a file. Ordinals count from the start of the part.
struct FilePart {
  std::uint64_t start = 0;  // offset in the file
  std::uint64_t end = 0;    // behind the last record that was read
  bool is_last = false;     // there was no further record in the file
  std::uint32_t end_crc = 0;
  std::uint64_t tail = 0;  // bytes behind `end`, if is_last
  std::uint32_t events = 0;
  std::vector<Problem> problems;
  std::vector<SessionStart> starts;
  std::optional<double> first_wall_time;
  std::string file_version, source_writer;
  std::uint32_t version_ordinal = 0;
  std::vector<std::unique_ptr<PartTag>> tags;
  std::vector<std::unique_ptr<PartSeries>> series;  // by first value
};

// Not thread-safe.
class EventIndexer {
 public:
  // `known` has what is before the part in the file, or is nullptr: then tensors without metadata are what
  // they seem to be. `filter` and `known` must outlive the indexer. `end`: where the part probably ends in
  // the file, for a guess at its number of rows.
  EventIndexer(const ScanFilter& filter, const FileIndex* known, std::uint64_t end);

  // Adds the events of records whose data is at `places` in `window`, which is at `window_at` in the file:
  // all values of an event or, if it is no Event, none and a problem.
  void add(Bytes window, std::span<const RecordPlace> places, std::uint64_t window_at);
  void add_damage(std::uint64_t offset, std::uint64_t size);

  // What was found, its small columns in `memory`. Nothing may be added later.
  FilePart take(ColumnMemory& memory);

 private:
  struct Tag {
    PartTag* found;
    Tag* next = nullptr;  // the tag whose value followed this one's the last time
    PartSeries* numbers = nullptr;
    std::vector<PartSeries*> places;
    std::size_t index;
    bool is_wanted;
    // Once there is a row: the bytes of an event from its summary to its number (add_expected()).
    std::string expected;

    std::string_view text() const { return found->info.tag; }
  };
  struct PlainNumber {
    Tag* tag;
    float value;
  };

  bool add_expected(Bytes event);
  void add_one(Bytes event, std::uint64_t offset);
  bool add_plain(Bytes event);
  bool add_plain_values(const std::uint8_t* at, const std::uint8_t* end, Moment moment);
  void add_any(Bytes bytes);
  void add_values(const EventView& event, Moment moment);
  void add_value(const ValueView& value, const Moment& moment, std::int32_t position);
  void add_tensor(Tag& tag, const ValueView& value, const Moment& moment, const Place& place);
  void add_event(Kind kind, std::string_view tag, const Moment& moment);
  void add_number(Tag& tag, const Moment& moment, double number, std::uint32_t field);
  void add_place(Tag& tag, Kind kind, const Moment& moment, const Place& place);
  Place place(std::int32_t position, std::uint32_t field) const;
  void check_order(PartSeries& series, const Moment& moment);
  void add_problem(std::uint64_t size, std::string cause);

  Tag* tag_of(std::string_view text);
  Tag& find_tag(std::string_view text);
  Tag& new_tag(TagInfo info);
  PartSeries& new_series(Tag& tag, Kind kind);
  std::size_t guessed_rows() const;

  const ScanFilter& filter_;
  const std::uint64_t end_;
  FilePart part_;
  std::deque<Tag> tags_;  // elements never move
  std::unordered_map<std::string_view, Tag*> by_text_;
  Tag* first_ = nullptr;
  Tag* last_ = nullptr;
  Bytes event_;                       // at hand
  std::uint64_t event_offset_ = 0;    // of its record
  std::vector<PlainNumber> numbers_;  // of the event at hand
  std::vector<ValueView> values_;     // of the event at hand
};

}  // namespace tickertape
