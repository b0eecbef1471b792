// Joins the parts of a file to its index. L4; file_scan.cc.
#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reader/event_indexer.h"
#include "reader/file_index.h"

namespace tickertape {

// Starts with what is known of a file, takes its parts in file order, ends as a new index. The rows of a part
// become a segment and are not copied, unless that would leave many short segments. Not thread-safe.
class IndexBuilder {
 public:
  // `previous` may be nullptr. The builder shares its segments.
  explicit IndexBuilder(const FileIndex* previous);

  // What there is so far.
  const FileIndex& index() const { return *index_; }

  // Takes the part that starts where the index ends. Returns false, and changes nothing, if what came before
  // gives tensors of the part another meaning: it must then be scanned again with index() as `known`.
  bool append(FilePart& part);

  // Where a scan goes on, and the rest. Nothing may be appended later.
  std::shared_ptr<FileIndex> take();

 private:
  struct Known {
    std::shared_ptr<const TagInfo> info;
    std::size_t tag;                  // in index_->tags
    std::vector<std::size_t> series;  // in index_->series
  };

  // A tag of the part at hand, and what its tensors without metadata are, as far as they are no number.
  struct TagHere {
    Known* known;
    Kind unknown_kind;
  };

  TagHere add_tag(PartTag& tag);
  void append_rest(FilePart& part);
  static bool contradicts(const PartTag& tag, const Known& known);
  void learn(Known& known, TagInfo info);
  void append_series(Known& known, Kind kind, PartSeries& series, const FilePart& part);
  void check_order(const Series& before, const PartSeries& series, const FilePart& part, const Rows& rows);

  std::shared_ptr<FileIndex> index_;
  std::unordered_map<std::string_view, Known> by_tag_;  // keys in index_->tags or replaced_
  std::vector<std::shared_ptr<const TagInfo>> replaced_;
};

}  // namespace tickertape
