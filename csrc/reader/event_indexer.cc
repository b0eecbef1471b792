// Adds events to the index of one part of a file. L4.
#include "reader/event_indexer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/endian.h"
#include "base/error.h"
#include "event/tensor_decoder.h"
#include "protobuf/fields.h"
#include "protobuf/reader.h"
#include "protobuf/utf8.h"
#include "protobuf/varint.h"
#include "reader/event_order.h"
#include "tfrecord/format.h"

namespace tickertape {

using namespace protobuf;
namespace {

constexpr std::uint8_t key_of(std::uint32_t field, WireType type) {
  return static_cast<std::uint8_t>(field << 3 | static_cast<std::uint32_t>(type));
}

// Problems that get a text of their own; later ones get a short one. So a file of nothing but undecodable
// events costs memory in proportion to its size.
constexpr std::size_t kMostTexts = 100;

// The content of the length-delimited field `key` at `at`; nullptr if there is another one, or it is cut off.
const std::uint8_t* content_at(const std::uint8_t* at, const std::uint8_t* end, std::uint8_t key,
                               std::uint64_t& size) {
  if (at == end || *at != key) return nullptr;
  at = load_varint(at + 1, end, size);
  return at != nullptr && size <= static_cast<std::uint64_t>(end - at) ? at : nullptr;
}

bool is_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

EventIndexer::EventIndexer(const ScanFilter& filter, const FileIndex* known, std::uint64_t end)
    : filter_(filter), end_(end) {
  if (known == nullptr) return;
  for (const auto& info : known->tags) {
    if (info->has_metadata) new_tag(*info);
  }
}

void EventIndexer::add(Bytes window, std::span<const RecordPlace> places, std::uint64_t window_at) {
  for (const RecordPlace& place : places) {
    const Bytes event = window.subspan(place.offset, place.size);
    if (!add_expected(event)) add_one(event, window_at + place.offset - record_format::kHeaderBytes);
    ++part_.events;
  }
}

void EventIndexer::add_one(Bytes event, std::uint64_t offset) {
  event_ = event;
  event_offset_ = offset;
  if (!add_plain(event)) {
    try {
      add_any(event);
    } catch (const DataError& error) {
      const bool has_text = part_.problems.size() < kMostTexts;
      add_problem(event.size() + record_format::kOverheadBytes,
                  has_text ? std::string("not an event: ") + error.what() : "not an event");
    }
  }
}

void EventIndexer::add_damage(std::uint64_t offset, std::uint64_t size) {
  part_.problems.push_back({offset, size, "damaged"});
}

void EventIndexer::add_problem(std::uint64_t size, std::string cause) {
  part_.problems.push_back({event_offset_, size, std::move(cause)});
}

// --- nearly every event of a training loop: one number of the tag that came next the last time ---

namespace {

constexpr std::size_t kStepAt = 1 + sizeof(double) + 1;  // behind the wall time and the step's key

// The bytes from the key of the summary to the key of the number, for an event with one old-style scalar.
std::string expected_bytes(std::string_view tag) {
  const std::size_t value = length_field_size(value_field::kTag, tag.size()) + 1 + sizeof(float);
  const std::size_t summary = length_field_size(summary_field::kValue, value);
  std::string bytes(length_field_size(event_field::kSummary, summary) - sizeof(float), '\0');
  Writer writer(reinterpret_cast<std::uint8_t*>(bytes.data()));
  writer.length_field(event_field::kSummary, summary);
  writer.length_field(summary_field::kValue, value);
  writer.text_field(value_field::kTag, tag);
  bytes.back() = static_cast<char>(key_of(value_field::kSimpleValue, WireType::kFixed32));
  return bytes;
}

// Reads a varint that must have `size` bytes, 1 to 8: 56 bits. At least 8 bytes can be read at `at`.
bool load_short_varint(const std::uint8_t* at, std::size_t size, std::uint64_t& value) {
  if (size - 1 > 7) return false;
  const std::uint64_t kept = ~std::uint64_t{0} >> (64 - 8 * size);
  std::uint64_t bytes = load_le<std::uint64_t>(at) & kept;
  constexpr std::uint64_t kMore = 0x8080808080808080;  // set in all bytes but the last
  if ((bytes & kMore) != (kMore & (kept >> 8))) return false;
  bytes &= ~kMore;
  bytes = (bytes & 0x007F007F007F007F) | (bytes & 0x7F007F007F007F00) >> 1;
  bytes = (bytes & 0x00003FFF00003FFF) | (bytes & 0x3FFF00003FFF0000) >> 2;
  value = (bytes & 0x000000000FFFFFFF) | (bytes & 0x0FFFFFFF00000000) >> 4;
  return true;
}

// `size` is at least 8.
bool are_equal(const std::uint8_t* a, const char* b, std::size_t size) {
  std::uint64_t x, y;
  for (std::size_t i = 0; i + 8 < size; i += 8) {
    std::memcpy(&x, a + i, 8);
    std::memcpy(&y, b + i, 8);
    if (x != y) return false;
  }
  std::memcpy(&x, a + size - 8, 8);
  std::memcpy(&y, b + size - 8, 8);
  return x == y;
}

}  // namespace

// Adds the event if it is the expected one: all but the wall time, the step and the number is then known.
inline bool EventIndexer::add_expected(Bytes event) {
  Tag* tag = last_ != nullptr ? last_->next : nullptr;
  if (tag == nullptr || tag->expected.empty()) return false;
  const std::uint8_t* const at = event.data();
  const std::size_t size = tag->expected.size();
  if (event.size() < kStepAt + 1 + size + sizeof(float)) return false;
  const std::size_t summary_at = event.size() - size - sizeof(float);
  const bool has_keys = at[0] == key_of(event_field::kWallTime, WireType::kFixed64) &&
                        at[kStepAt - 1] == key_of(event_field::kStep, WireType::kVarint);
  if (!has_keys || !are_equal(at + summary_at, tag->expected.data(), size)) return false;
  std::uint64_t step;
  if (!load_short_varint(at + kStepAt, summary_at - kStepAt, step)) return false;
  const Moment moment{static_cast<std::int64_t>(step), std::bit_cast<double>(load_le<std::uint64_t>(at + 1)),
                      part_.events};
  Rows& rows = tag->numbers->rows;
  const std::size_t last = rows.size() - 1;
  const bool is_plain = moment.step >= rows.step()[last] && moment.wall_time >= rows.wall_time()[last] &&
                        moment.step >= filter_.first_step && moment.step <= filter_.last_step;
  if (!is_plain) return false;
  const auto number = std::bit_cast<float>(load_le<std::uint32_t>(at + event.size() - sizeof(float)));
  rows.add(moment, number, value_field::kSimpleValue);
  last_ = tag;
  return true;
}

// --- any number of old-style scalars, behind a wall time and a step: the order of writers ---

bool EventIndexer::add_plain(Bytes event) {
  const std::uint8_t* at = event.data();
  const std::uint8_t* const end = at + event.size();
  Moment moment{0, 0, part_.events};
  if (end - at > 9 && *at == key_of(event_field::kWallTime, WireType::kFixed64)) {
    moment.wall_time = std::bit_cast<double>(load_le<std::uint64_t>(at + 1));
    at += 9;
  }
  if (at != end && *at == key_of(event_field::kStep, WireType::kVarint)) {
    std::uint64_t step;
    at = load_varint(at + 1, end, step);
    if (at == nullptr) return false;
    moment.step = static_cast<std::int64_t>(step);
  }
  std::uint64_t size;
  at = content_at(at, end, key_of(event_field::kSummary, WireType::kLength), size);
  if (at == nullptr || at + size != end || size == 0) return false;
  if (!add_plain_values(at, end, moment)) return false;
  if (!part_.first_wall_time) part_.first_wall_time = moment.wall_time;
  return true;
}

bool EventIndexer::add_plain_values(const std::uint8_t* at, const std::uint8_t* end, Moment moment) {
  constexpr std::ptrdiff_t kNumberBytes = 5;  // key and float
  numbers_.clear();
  while (at != end) {
    std::uint64_t size, tag_size;
    const std::uint8_t* value = content_at(at, end, key_of(summary_field::kValue, WireType::kLength), size);
    if (value == nullptr) return false;
    at = value + size;
    const std::uint8_t* tag = content_at(value, at, key_of(value_field::kTag, WireType::kLength), tag_size);
    if (tag == nullptr) return false;
    const std::uint8_t* number = tag + tag_size;
    const bool is_number =
        at - number == kNumberBytes && *number == key_of(value_field::kSimpleValue, WireType::kFixed32);
    if (!is_number) return false;
    Tag* known = tag_of(as_text({tag, static_cast<std::size_t>(tag_size)}));
    if (known == nullptr) return false;
    numbers_.push_back({known, std::bit_cast<float>(load_le<std::uint32_t>(number + 1))});
  }
  for (const PlainNumber& number : numbers_)
    add_number(*number.tag, moment, number.value, value_field::kSimpleValue);
  return true;
}

// --- any event ---

void EventIndexer::add_any(Bytes bytes) {
  const EventView event = decode_event(bytes);
  const Moment moment{event.step, event.wall_time, part_.events};
  const Bytes content = event.content.bytes();
  switch (event.what) {
    case event_field::kSummary:
      add_values(event, moment);
      break;
    case event_field::kFileVersion:
      if (part_.file_version.empty()) part_.version_ordinal = moment.ordinal;
      part_.file_version = as_text(content);
      break;
    case event_field::kSessionLog:
      if (session_status(content) == session_log_field::kStart)
        part_.starts.push_back({moment.step, moment.wall_time, moment.ordinal});
      break;
    case event_field::kGraphDef:
      add_event(Kind::kGraphs, "", moment);
      break;
    case event_field::kMetaGraphDef:
      add_event(Kind::kMetaGraphs, "", moment);
      break;
    case event_field::kTaggedRunMetadata:
      add_event(Kind::kRunMetadata, run_metadata_tag(content), moment);
      break;
    case event_field::kLogMessage:
      add_event(Kind::kLogMessages, "", moment);
      break;
    default:
      break;
  }
  if (!event.source_metadata.empty()) part_.source_writer = source_writer(event.source_metadata);
  if (!part_.first_wall_time) part_.first_wall_time = moment.wall_time;
}

void EventIndexer::add_event(Kind kind, std::string_view tag, const Moment& moment) {
  add_place(find_tag(tag), kind, moment, place(-1, 0));
}

void EventIndexer::add_values(const EventView& event, Moment moment) {
  values_.clear();
  Field field;
  for (Reader reader(event.content.bytes(), kMostDepth - 1); reader.next(field);) {
    if (field.field == summary_field::kValue && field.type == WireType::kLength)
      values_.push_back(decode_value(field.bytes));
  }
  // All of them are right.
  std::int32_t position = 0;
  for (const ValueView& value : values_) add_value(value, moment, position++);
  values_.clear();
}

void EventIndexer::add_value(const ValueView& value, const Moment& moment, std::int32_t position) {
  // Tensors of old plugins have their name elsewhere, as for TensorBoard's EventAccumulator.
  const bool is_named_by_node = value.tag.empty() && value.kind == value_field::kTensor;
  Tag& tag = find_tag(is_named_by_node ? value.node_name : value.tag);
  TagInfo& info = tag.found->info;
  if (value.has_metadata && !info.has_metadata) {
    info.has_metadata = true;
    info.metadata = as_text(value.metadata.bytes());
    info.plugin = value.plugin_name;
  }
  const Place place = this->place(position, value.kind);
  switch (value.kind) {
    case value_field::kSimpleValue:
      return add_number(tag, moment, value.simple_value, value_field::kSimpleValue);
    case value_field::kImage:
      return add_place(tag, Kind::kImages, moment, place);
    case value_field::kHisto:
      return add_place(tag, Kind::kHistograms, moment, place);
    case value_field::kAudio:
      return add_place(tag, Kind::kAudio, moment, place);
    default:
      return add_tensor(tag, value, moment, place);
  }
}

// A tensor, or the metadata alone: torch stores hparams in the metadata of a value without content.
void EventIndexer::add_tensor(Tag& tag, const ValueView& value, const Moment& moment, const Place& place) {
  const std::string& plugin = tag.found->info.plugin;
  const Kind kind = kind_of_plugin(plugin);
  const bool may_be_number = plugin.empty() || kind == Kind::kScalars;
  double number;
  if (value.kind == value_field::kTensor && may_be_number && decode_number(value.content.bytes(), number)) {
    if (plugin.empty()) tag.found->has_unknown_numbers = true;
    return add_number(tag, moment, number, value_field::kTensor);
  }
  if (value.kind != value_field::kTensor && plugin.empty()) return;  // nothing that anybody shows
  if (plugin.empty()) tag.found->has_unknown_tensors = true;
  add_place(tag, kind == Kind::kScalars ? Kind::kTensors : kind, moment, place);
}

// --- rows ---

void EventIndexer::add_number(Tag& tag, const Moment& moment, double number, std::uint32_t field) {
  const bool is_wanted =
      tag.is_wanted && moment.step >= filter_.first_step && moment.step <= filter_.last_step;
  if (!is_wanted) return;
  if (tag.numbers == nullptr) {
    if (!filter_.kinds.has(Kind::kScalars)) return;
    tag.numbers = &new_series(tag, Kind::kScalars);
    tag.expected = expected_bytes(tag.text());
  }
  check_order(*tag.numbers, moment);
  tag.numbers->rows.add(moment, number, static_cast<std::uint8_t>(field));
}

void EventIndexer::add_place(Tag& tag, Kind kind, const Moment& moment, const Place& place) {
  const bool is_wanted = tag.is_wanted && moment.step >= filter_.first_step &&
                         moment.step <= filter_.last_step && filter_.kinds.has(kind);
  if (!is_wanted) return;
  PartSeries* series = nullptr;
  for (PartSeries* each : tag.places) {
    if (each->kind == kind) series = each;
  }
  if (series == nullptr) {
    series = &new_series(tag, kind);
    tag.places.push_back(series);
  }
  check_order(*series, moment);
  series->rows.add(moment, place);
}

Place EventIndexer::place(std::int32_t position, std::uint32_t field) const {
  return {static_cast<std::int64_t>(event_offset_), static_cast<std::int64_t>(event_.size()), position,
          static_cast<std::uint8_t>(field)};
}

// Notes the first step and the first wall time of a series that go back. Between them and the row before may
// be a SessionLog START, which allows that.
void EventIndexer::check_order(PartSeries& series, const Moment& moment) {
  const Rows& rows = series.rows;
  if (rows.size() == 0) return;
  const std::size_t last = rows.size() - 1;
  if (moment.step >= rows.step()[last] && moment.wall_time >= rows.wall_time()[last]) [[likely]]
    return;
  if (!part_.starts.empty() && part_.starts.back().ordinal > rows.ordinal()[last]) return;
  const std::string_view tag = part_.tags[series.tag]->info.tag;
  if (moment.step < rows.step()[last] && !std::exchange(series.has_step_problem, true))
    add_problem(0, steps_go_back(rows.step()[last], moment.step, tag));
  if (moment.wall_time < rows.wall_time()[last] && !std::exchange(series.has_time_problem, true))
    add_problem(0, wall_times_go_back(tag));
}

PartSeries& EventIndexer::new_series(Tag& tag, Kind kind) {
  Rows rows(content_of(kind == Kind::kScalars));
  rows.reserve(guessed_rows());
  auto added = std::make_unique<PartSeries>(PartSeries{tag.index, kind, std::move(rows), event_offset_});
  return *part_.series.emplace_back(std::move(added));
}

// How many rows a new series may get if events go on like the one at hand: a small file then has its columns
// allocated once. Of many tags each begins small.
std::size_t EventIndexer::guessed_rows() const {
  constexpr std::size_t kGuessedSeries = 16, kLeast = 4, kMost = 1024;
  const std::size_t series = part_.series.size();
  if (series >= kGuessedSeries || end_ <= event_offset_) return kLeast;
  const std::uint64_t events = (end_ - event_offset_) / (event_.size() + record_format::kOverheadBytes);
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(events / (series + 1), kLeast, kMost));
}

// --- tags ---

// The tag of this text; nullptr if it is a new one that is not UTF-8. A training loop logs the same tags in
// the same order at each step, so the tag that came next the last time is tried before the search.
EventIndexer::Tag* EventIndexer::tag_of(std::string_view text) {
  Tag*& guess = last_ != nullptr ? last_->next : first_;
  if (guess == nullptr || !is_equal(guess->text(), text)) {
    const auto found = by_text_.find(text);
    if (found == by_text_.end() && !is_utf8(as_bytes(text))) return nullptr;
    guess = found != by_text_.end() ? found->second : &new_tag({std::string(text), "", "", false});
  }
  return last_ = guess;
}

// `text` is UTF-8.
EventIndexer::Tag& EventIndexer::find_tag(std::string_view text) { return *tag_of(text); }

EventIndexer::Tag& EventIndexer::new_tag(TagInfo info) {
  PartTag& found = *part_.tags.emplace_back(std::make_unique<PartTag>());
  found.info = std::move(info);
  Tag& tag = tags_.emplace_back();
  tag.found = &found;
  tag.index = part_.tags.size() - 1;
  tag.is_wanted = !filter_.keeps_tag || filter_.keeps_tag(tag.text());
  by_text_.emplace(tag.text(), &tag);
  return tag;
}

FilePart EventIndexer::take(ColumnMemory& memory) {
  for (const auto& series : part_.series) series->rows.pack(memory);
  return std::move(part_);
}

}  // namespace tickertape
