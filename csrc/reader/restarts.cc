// Which rows of a run are void because a training began again. L4.
#include "reader/restarts.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

namespace tickertape {
namespace {

using Files = std::vector<std::shared_ptr<const FileIndex>>;
using Live = std::vector<std::vector<LiveRows>>;

constexpr std::int64_t kNoStep = INT64_MAX;

// Makes the rows [0, end) with a step of `from` or more void.
void make_void(LiveRows& live, const Rows& rows, std::size_t end, std::int64_t from) {
  for (std::size_t i = 0; i < end; ++i) {
    if (rows.step()[i] < from) continue;
    if (live.empty()) live.assign(rows.size(), 1);
    live[i] = 0;
  }
}

// "brain.Event:2" is 2, as TensorBoard's ParseFileVersion() has it; what is no such text is -1, or 0 after
// the prefix. Not std::from_chars(), which Apple's library has for integers only. Some locales end a number
// at its point; that it is at least 2 shows before.
double version_number(const std::string& version) {
  constexpr std::string_view kVersionPrefix = "brain.Event:";
  return version.starts_with(kVersionPrefix) ? std::strtod(version.c_str() + kVersionPrefix.size(), nullptr)
                                             : -1;
}

// --- files with a version: SessionLog START ---

// Where the rules of versioned files begin: the file, and the event in it.
struct VersionPlace {
  std::size_t file;
  std::uint32_t ordinal;
};

VersionPlace version_place(const Files& files) {
  for (std::size_t file = 0; file < files.size(); ++file) {
    if (version_number(files[file]->file_version) >= 2) return {file, files[file]->version_ordinal};
  }
  return {files.size(), 0};
}

bool is_versioned(const VersionPlace& place, std::size_t file, std::uint32_t ordinal) {
  return file > place.file || (file == place.file && ordinal >= place.ordinal);
}

void apply_starts(const std::vector<SessionStart>& starts, std::int64_t least, const Rows& rows,
                  LiveRows& live) {
  if (starts.empty() && least == kNoStep) return;
  auto next = starts.rbegin();
  for (std::size_t row = rows.size(); row-- > 0;) {
    for (; next != starts.rend() && next->ordinal > rows.ordinal()[row]; ++next)
      least = std::min(least, next->step);
    if (rows.step()[row] < least) continue;
    if (live.empty()) live.assign(rows.size(), 1);
    live[row] = 0;
  }
}

// Graphs and the like belong to no step: TensorBoard keeps the last one.
bool has_steps(Kind kind) { return kind < Kind::kGraphs; }

// Every START, from the last to the first: a row is void if the least step of the STARTs behind it is not
// more than its own. The first one of a run is its beginning and voids nothing.
void apply_all_starts(const Files& files, const VersionPlace& place, Live& live) {
  const auto starts_of = [&](std::size_t file) {
    std::vector<SessionStart> starts;
    for (const SessionStart& start : files[file]->starts) {
      if (is_versioned(place, file, start.ordinal)) starts.push_back(start);
    }
    return starts;
  };
  std::size_t first_file = place.file;
  while (first_file < files.size() && starts_of(first_file).empty()) ++first_file;
  std::int64_t least = kNoStep;
  for (std::size_t file = files.size(); file-- > 0;) {
    std::vector<SessionStart> starts = starts_of(file);
    if (file == first_file) starts.erase(starts.begin());
    for (std::size_t i = 0; i < files[file]->series.size(); ++i) {
      if (has_steps(files[file]->series[i].kind))
        apply_starts(starts, least, *files[file]->rows(i), live[file][i]);
    }
    for (const SessionStart& start : starts) least = std::min(least, start.step);
  }
}

// --- files without a version: steps that go back ---

// The rows of one event: which ones of which series.
struct EventRow {
  std::uint32_t ordinal;
  std::uint32_t series;
  std::size_t row;
};

class UnversionedRun {
 public:
  UnversionedRun(const Files& files, const VersionPlace& place, Live& live)
      : files_(files), place_(place), live_(live) {}

  void apply() {
    const std::size_t end = std::min(place_.file + 1, files_.size());
    for (std::size_t file = 0; file < end; ++file) apply_file(file);
  }

 private:
  struct SeriesPlace {
    std::size_t file;
    std::size_t series;
    std::size_t rows;  // rows that came so far
  };

  void apply_file(std::size_t file) {
    const FileIndex& index = *files_[file];
    std::vector<EventRow> events;
    std::vector<std::shared_ptr<const Rows>> rows;
    for (std::size_t i = 0; i < index.series.size(); ++i) {
      rows.push_back(index.rows(i));
      for (std::size_t row = 0; row < rows[i]->size(); ++row)
        events.push_back({rows[i]->ordinal()[row], static_cast<std::uint32_t>(i), row});
      places_[index.series[i].info->tag].push_back({file, i, 0});
    }
    std::ranges::stable_sort(events, {}, &EventRow::ordinal);
    for (std::size_t first = 0; first < events.size();) {
      if (is_versioned(place_, file, events[first].ordinal)) return;
      std::size_t end = first;
      while (end < events.size() && events[end].ordinal == events[first].ordinal) ++end;
      const std::int64_t step = rows[events[first].series]->step()[events[first].row];
      if (has_steps(index.series[events[first].series].kind)) {
        for (std::size_t i = first; step < most_recent_step_ && i < end; ++i)
          make_tag_void(index.series[events[i].series].info->tag, step);
        most_recent_step_ = step;
      }
      for (std::size_t i = first; i < end; ++i) count_row(index, file, events[i]);
      first = end;
    }
  }

  void make_tag_void(const std::string& tag, std::int64_t step) {
    for (const SeriesPlace& place : places_[tag]) {
      const auto rows = files_[place.file]->rows(place.series);
      make_void(live_[place.file][place.series], *rows, place.rows, step);
    }
  }

  void count_row(const FileIndex& index, std::size_t file, const EventRow& event) {
    for (SeriesPlace& place : places_[index.series[event.series].info->tag]) {
      if (place.file == file && place.series == event.series) place.rows = event.row + 1;
    }
  }

  const Files& files_;
  const VersionPlace& place_;
  Live& live_;
  std::unordered_map<std::string, std::vector<SeriesPlace>> places_;
  std::int64_t most_recent_step_ = -1;
};

// False only if no row can be void; most runs have a version from their first event on.
bool has_steps_back(const Files& files, const VersionPlace& place) {
  if (is_versioned(place, 0, 0)) return false;
  std::int64_t last = INT64_MIN;
  for (std::size_t file = 0; file < std::min(place.file + 1, files.size()); ++file) {
    const FileIndex& index = *files[file];
    std::int64_t least = INT64_MAX, most = INT64_MIN;
    for (std::size_t i = 0; i < index.series.size(); ++i) {
      const auto rows = index.rows(i);
      for (std::size_t row = 0; row < rows->size(); ++row) {
        if (row != 0 && rows->step()[row] <= rows->step()[row - 1]) return true;
        least = std::min(least, rows->step()[row]);
        most = std::max(most, rows->step()[row]);
      }
    }
    if (least <= last) return true;
    last = std::max(last, most);
  }
  return false;
}

// --- the newest file wins ---

void apply_newest(const Files& files, Live& live) {
  std::map<std::pair<std::string_view, Kind>, std::int64_t> first_steps;  // of later files
  for (std::size_t file = files.size(); file-- > 0;) {
    const FileIndex& index = *files[file];
    for (std::size_t i = 0; i < index.series.size(); ++i) {
      const auto rows = index.rows(i);
      auto [found, is_new] =
          first_steps.try_emplace({index.series[i].info->tag, index.series[i].kind}, rows->step()[0]);
      if (is_new) continue;
      make_void(live[file][i], *rows, rows->size(), found->second);
      found->second = std::min(found->second, rows->step()[0]);
    }
  }
}

}  // namespace

std::optional<Restarts> restarts_of_name(std::string_view name) {
  if (name == "as-tensorboard") return Restarts::kAsTensorboard;
  if (name == "newest") return Restarts::kNewest;
  if (name == "all") return Restarts::kAll;
  return std::nullopt;
}

std::vector<std::vector<LiveRows>> live_rows(const Files& files, Restarts restarts) {
  Live live;
  live.reserve(files.size());
  for (const auto& file : files) live.emplace_back(file->series.size());
  if (restarts == Restarts::kNewest) apply_newest(files, live);
  if (restarts == Restarts::kAsTensorboard) {
    const VersionPlace place = version_place(files);
    if (has_steps_back(files, place)) UnversionedRun(files, place, live).apply();
    apply_all_starts(files, place, live);
  }
  return live;
}

}  // namespace tickertape
