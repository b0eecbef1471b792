// Scans one file, or a part of it. L4; log_scan.cc runs it on threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reader/event_indexer.h"
#include "reader/file_index.h"
#include "reader/index_builder.h"

namespace tickertape {

// What the scans of one call share.
struct ScanControl {
  std::atomic<std::uint64_t> bytes_done{0};
  std::atomic<bool> is_cancelled{false};  // ends every scan with Interrupted
};

// What a thread keeps from one file to the next.
struct ScanMemory {
  Buffer bytes;  // of the file
  ColumnMemory columns;
};

// One file: where to begin, and what to keep of the index that there was. Throws IoError.
class FileScan {
 public:
  // `previous` may be nullptr. It counts only if the file still begins with what it describes: the same file,
  // not shorter, with the same record at its end.
  FileScan(std::string path, std::shared_ptr<const FileIndex> previous, const ScanFilter& filter,
           ScanControl& control);

  // True if the file is as `previous` describes it: there is nothing to scan.
  bool is_unchanged() const { return is_unchanged_; }
  // The bytes that are new.
  std::uint64_t new_bytes() const { return version_.size > start_ ? version_.size - start_ : 0; }

  // Cuts what is new into at most `most` parts of at least `least_bytes`, at records. Returns their number.
  // Call it once.
  std::size_t cut(std::size_t most, std::uint64_t least_bytes);
  // Scans one part, on any thread. `memory` is the thread's.
  void scan_part(std::size_t i, ScanMemory& memory);
  // The index, once all parts are scanned. Scans again what was cut in a wrong place.
  std::shared_ptr<const FileIndex> finish();

 private:
  bool describes_front(const FileIndex& previous) const;
  std::uint64_t record_from(std::uint64_t offset) const;
  std::optional<File> open_again() const;
  FilePart scan(std::optional<File> file, std::uint64_t from, std::uint64_t to, const FileIndex* known,
                ScanMemory& memory) const;

  std::string path_;
  std::shared_ptr<const FileIndex> previous_;
  const ScanFilter& filter_;
  ScanControl& control_;
  File::Version version_;
  File file_;  // until the first part takes it
  std::uint64_t start_ = 0;
  bool is_unchanged_ = false;
  std::vector<std::uint64_t> cuts_;  // where parts begin
  std::vector<FilePart> parts_;
};

}  // namespace tickertape
