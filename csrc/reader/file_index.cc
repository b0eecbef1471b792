// A snapshot of one event file. L4.
#include "reader/file_index.h"

#include <utility>

namespace tickertape {

FileIndex::FileIndex(const FileIndex& other)
    : path(other.path),
      version(other.version),
      end(other.end),
      end_crc(other.end_crc),
      tail(other.tail),
      events(other.events),
      problems(other.problems),
      starts(other.starts),
      first_wall_time(other.first_wall_time),
      file_version(other.file_version),
      version_ordinal(other.version_ordinal),
      source_writer(other.source_writer),
      error(other.error),
      tags(other.tags) {
  const std::lock_guard lock(other.mutex_);
  series = other.series;
}

std::shared_ptr<const FileIndex> FileIndex::without_rows() const {
  auto bare = std::make_shared<FileIndex>(*this);
  bare->series.clear();
  bare->problems.clear();
  return bare;
}

std::vector<std::shared_ptr<const Rows>> FileIndex::segments(std::size_t i) const {
  const std::lock_guard lock(mutex_);
  return series[i].segments;
}

std::shared_ptr<const Rows> FileIndex::rows(std::size_t i) const {
  const std::lock_guard lock(mutex_);
  // The segments are the only part that changes, and this mutex guards them.
  auto& segments = const_cast<Series&>(series[i]).segments;  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  if (segments.size() == 1) return segments.front();
  auto joined = std::make_shared<Rows>(segments.front()->content());
  joined->reserve(series[i].size);
  for (const auto& segment : segments) joined->append(*segment);
  segments.assign(1, std::move(joined));
  return segments.front();
}

}  // namespace tickertape
