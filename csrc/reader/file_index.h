// What one scan of an event file found: scalars as columns, everything else as places. L4.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/os/file.h"
#include "reader/kind.h"
#include "reader/rows.h"

namespace tickertape {

// What a file says of a tag.
struct TagInfo {
  std::string tag;
  std::string plugin;    // of the tag's first metadata; "": unknown
  std::string metadata;  // the tag's first SummaryMetadata
  bool has_metadata = false;
};

// What could not be read: damage ("damaged") or a record that is no event. Or, with size 0, what was read and
// looks wrong.
struct Problem {
  std::uint64_t offset;
  std::uint64_t size;
  std::string cause;
};

// A SessionLog START: what the run had at `step` and behind it is void.
struct SessionStart {
  std::int64_t step;
  double wall_time;
  std::uint32_t ordinal;
};

// The values of one tag and kind. Segments are never changed once they are here, so indices share them.
struct Series {
  std::shared_ptr<const TagInfo> info;
  Kind kind = Kind::kScalars;
  std::size_t size = 0;                               // rows of all segments
  std::vector<std::shared_ptr<const Rows>> segments;  // guarded by the mutex of the index
};

// A snapshot of one file. Immutable, but for the joining of segments; thread-safe.
class FileIndex {
 public:
  FileIndex() = default;
  // For IndexBuilder: the same content, to go on with.
  FileIndex(const FileIndex& other);
  FileIndex& operator=(const FileIndex&) = delete;

  std::string path;
  File::Version version;          // of the file, when the scan began
  std::uint64_t end = 0;          // behind the last whole record: where a later scan goes on
  std::uint32_t end_crc = 0;      // the 4 bytes before `end`, the data CRC of the last record
  std::uint64_t tail = 0;         // bytes behind `end`
  std::uint32_t events = 0;       // whole records
  std::vector<Problem> problems;  // in file order
  std::vector<SessionStart> starts;
  std::optional<double> first_wall_time;
  std::string file_version;           // the last one; "": none
  std::uint32_t version_ordinal = 0;  // of the event with the first one
  std::string source_writer;
  std::optional<IoError> error;                      // why the file could not be opened or read
  std::vector<std::shared_ptr<const TagInfo>> tags;  // every tag that a value had
  std::vector<Series> series;                        // by first value

  // What a later scan needs to go on, without rows and problems: it then finds what is new alone.
  std::shared_ptr<const FileIndex> without_rows() const;

  // The rows of series[i] in the pieces that they were found in; no copy.
  std::vector<std::shared_ptr<const Rows>> segments(std::size_t i) const;
  // The rows of series[i] in one piece. Joins them once.
  std::shared_ptr<const Rows> rows(std::size_t i) const;

 private:
  mutable std::mutex mutex_;
};

}  // namespace tickertape
