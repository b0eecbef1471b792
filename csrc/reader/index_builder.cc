// Joins the parts of a file to its index. L4.
#include "reader/index_builder.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "reader/event_order.h"

namespace tickertape {
namespace {

// Adds rows as a segment. Joins it with those before it that are not much longer, so that a file that is read
// a little at a time has few segments, and each row is copied O(log n) times.
void add_segment(Series& series, std::shared_ptr<Rows> added) {
  series.size += added->size();
  auto& segments = series.segments;
  std::size_t first = segments.size(), rows = added->size();
  while (first > 0 && segments[first - 1]->size() < 2 * rows) {
    // Parts of one scan are long: they stay as they are.
    constexpr std::size_t kLongRows = 1U << 14;
    if (segments[first - 1]->size() >= kLongRows) break;
    rows += segments[--first]->size();
  }
  if (first == segments.size()) {
    segments.push_back(std::move(added));
    return;
  }
  auto joined = std::make_shared<Rows>(added->content());
  joined->reserve(rows);
  for (std::size_t i = first; i < segments.size(); ++i) joined->append(*segments[i]);
  joined->append(*added);
  segments.resize(first);
  segments.push_back(std::move(joined));
}

}  // namespace

IndexBuilder::IndexBuilder(const FileIndex* previous)
    : index_(previous != nullptr ? std::make_shared<FileIndex>(*previous) : std::make_shared<FileIndex>()) {
  for (std::size_t i = 0; i < index_->tags.size(); ++i)
    by_tag_.emplace(index_->tags[i]->tag, Known{index_->tags[i], i, {}});
  for (std::size_t i = 0; i < index_->series.size(); ++i)
    by_tag_.at(index_->series[i].info->tag).series.push_back(i);
}

// True if rows of the tag in a part that was scanned on its own would be of another kind.
bool IndexBuilder::contradicts(const PartTag& tag, const Known& known) {
  if (!known.info->has_metadata) return false;
  const std::string& plugin = known.info->plugin;
  if (tag.info.has_metadata && tag.info.plugin != plugin) return true;
  // Tensors of the "scalars" plugin are read as those without one.
  if (plugin.empty() || kind_of_plugin(plugin) == Kind::kScalars) return false;
  // Those that are no number move to the kind of the plugin as they are, if they all are of one kind.
  return tag.has_unknown_numbers || (tag.has_unknown_tensors && tag.info.has_metadata);
}

bool IndexBuilder::append(FilePart& part) {
  for (const auto& tag : part.tags) {
    const auto known = by_tag_.find(tag->info.tag);
    if (known != by_tag_.end() && contradicts(*tag, known->second)) return false;
  }
  const bool is_first = index_->events == 0;
  std::vector<TagHere> tags;
  tags.reserve(part.tags.size());
  for (const auto& tag : part.tags) tags.push_back(add_tag(*tag));
  for (const auto& series : part.series) {
    const TagHere& tag = tags[series->tag];
    if (!is_first) series->rows.shift_ordinals(index_->events);
    const bool moves = series->kind == Kind::kTensors && tag.unknown_kind != Kind::kTensors;
    append_series(*tag.known, moves ? tag.unknown_kind : series->kind, *series, part);
  }
  append_rest(part);
  return true;
}

IndexBuilder::TagHere IndexBuilder::add_tag(PartTag& tag) {
  const auto found = by_tag_.find(tag.info.tag);
  if (found == by_tag_.end()) {
    index_->tags.push_back(std::make_shared<const TagInfo>(std::move(tag.info)));
    const auto& info = index_->tags.back();
    return {&by_tag_.emplace(info->tag, Known{info, index_->tags.size() - 1, {}}).first->second,
            Kind::kTensors};
  }
  Known& known = found->second;
  // Tensors of the "scalars" plugin that are no number are tensors, as those without a plugin.
  const Kind kind = kind_of_plugin(known.info->plugin);
  const bool moves = tag.has_unknown_tensors && kind != Kind::kScalars;
  if (!known.info->has_metadata && tag.info.has_metadata) learn(known, std::move(tag.info));
  return {&known, moves ? kind : Kind::kTensors};
}

void IndexBuilder::append_rest(FilePart& part) {
  for (SessionStart& start : part.starts) {
    start.ordinal += index_->events;
    index_->starts.push_back(start);
  }
  std::ranges::move(part.problems, std::back_inserter(index_->problems));
  if (!index_->first_wall_time) index_->first_wall_time = part.first_wall_time;
  if (!part.file_version.empty()) {
    if (index_->file_version.empty()) index_->version_ordinal = index_->events + part.version_ordinal;
    index_->file_version = std::move(part.file_version);
  }
  if (!part.source_writer.empty()) index_->source_writer = std::move(part.source_writer);
  if (part.events != 0) index_->end_crc = part.end_crc;
  index_->events += part.events;
  index_->end = part.end;
  index_->tail = part.tail;
}

// Notes the first metadata of a tag that was known without.
void IndexBuilder::learn(Known& known, TagInfo info) {
  replaced_.push_back(known.info);  // the key points into it
  known.info = std::make_shared<const TagInfo>(std::move(info));
  index_->tags[known.tag] = known.info;
  for (const std::size_t i : known.series) index_->series[i].info = known.info;
}

void IndexBuilder::append_series(Known& known, Kind kind, PartSeries& series, const FilePart& part) {
  const auto found = std::ranges::find_if(
      known.series, [this, kind](std::size_t i) { return index_->series[i].kind == kind; });
  auto rows = std::make_shared<Rows>(std::move(series.rows));
  if (found != known.series.end()) {
    Series& own = index_->series[*found];
    if (!series.has_step_problem || !series.has_time_problem) check_order(own, series, part, *rows);
    add_segment(own, std::move(rows));
    return;
  }
  known.series.push_back(index_->series.size());
  Series& added = index_->series.emplace_back();
  added.info = known.info;
  added.kind = kind;
  add_segment(added, std::move(rows));
}

// Between the last row of a part and the first of the next one.
void IndexBuilder::check_order(const Series& before, const PartSeries& series, const FilePart& part,
                               const Rows& rows) {
  const Rows& last = *before.segments.back();
  const std::size_t i = last.size() - 1;
  const auto is_between = [&](std::uint32_t ordinal) {
    return ordinal > last.ordinal()[i] && ordinal < rows.ordinal()[0];
  };
  const auto in_part = [this](const SessionStart& start) { return index_->events + start.ordinal; };
  const bool may_go_back = std::ranges::any_of(index_->starts, is_between, &SessionStart::ordinal) ||
                           std::ranges::any_of(part.starts, is_between, in_part);
  if (may_go_back) return;
  const std::string& tag = before.info->tag;
  const auto add = [&](std::string cause) {
    index_->problems.push_back({series.first_offset, 0, std::move(cause)});
  };
  if (!series.has_step_problem && rows.step()[0] < last.step()[i])
    add(steps_go_back(last.step()[i], rows.step()[0], tag));
  if (!series.has_time_problem && rows.wall_time()[0] < last.wall_time()[i]) add(wall_times_go_back(tag));
}

std::shared_ptr<FileIndex> IndexBuilder::take() {
  std::ranges::stable_sort(index_->problems, {}, &Problem::offset);
  return std::move(index_);
}

}  // namespace tickertape
