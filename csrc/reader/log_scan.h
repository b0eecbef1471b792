// Scans many files on a pool of threads; a large one is cut among them. L4; bindings/index.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reader/event_indexer.h"
#include "reader/file_index.h"

namespace tickertape {

struct ScanRequest {
  std::string path;
  std::shared_ptr<const FileIndex> previous;  // what an earlier scan found; may be nullptr
};

// What a scan asks its caller. All are called on the thread that called scan_files(), and may throw: that
// ends the scan. Empty ones are not called.
struct ScanHooks {
  std::function<bool(std::string_view tag)> keeps_tag;                    // once or more for each tag
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  // bytes, some 20 times a second
  std::function<bool()> is_interrupted;  // true ends the scan with Interrupted; asked as often
};

// The index of each file, in the order of the requests. A file that cannot be read has an index with an
// error and without rows; other files are not affected. `threads` 0: as many as the process may use
// processors. `filter.keeps_tag` is replaced by the hook. Throws Interrupted, std::bad_alloc, what hooks
// throw.
std::vector<std::shared_ptr<const FileIndex>> scan_files(const std::vector<ScanRequest>& requests,
                                                         ScanFilter filter, const ScanHooks& hooks,
                                                         unsigned threads);

}  // namespace tickertape
