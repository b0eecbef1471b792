// Writers' files and their tags, by number: ops carry the number, the log in the shared mapping keeps the
// text. L4.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "queue/op_ring.h"
#include "sink/sink.h"

namespace tickertape {

struct Channel;

// A name never moves or changes while its log is not reset.
struct Name {
  std::uint32_t id;
  std::uint32_t owner;  // as in NameEntry
  Channel* channel;     // its writer's; gone once that is closed and written, and no op has the name any more
  std::string text;
  // False if the log is full: an op that uses it dies with the process, so its call waits for the file.
  bool is_shared;
  unsigned told = 0;  // the sequencer's own: the findings (EncodeReport) that were said
};

// Append-only. Thread-safe; its lock is held for a copy of the text at most.
class NameLog {
 public:
  explicit NameLog(OpRing& ring) : ring_(ring) {}

  // Adds the file of a writer; `slot` is the number of its commit slot.
  Name* add_writer(Channel& channel, std::uint32_t slot, const Sink& file);
  // Adds a tag of `writer`.
  Name* add_tag(const Name& writer, std::string_view tag);

  // The file of `writer` is another one from here on.
  void move_writer(const Name& writer, const Sink& file);

  Name* at(std::uint32_t id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return &names_[id];
  }

  // As OpRing::move_to(), for a caller that holds the locks of the drainer and of the registry.
  bool move_ring(SharedMapping& fresh) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return ring_.move_to(fresh, backed_);
  }

  // As OpRing::mend(), and restores the shared log, for the same caller.
  std::optional<OpRing::Cut> mend_ring();

  // Forgets every name. Only while no writer is open and the ring is empty.
  void reset();

 private:
  // `shared_text`: what the log gets, `text` what the name does.
  Name* add(std::uint32_t kind, std::uint32_t owner, Channel* channel, std::string_view text,
            std::string_view shared_text);
  bool share(std::uint32_t kind, std::uint32_t owner, std::string_view text);
  void append(std::uint32_t kind, std::uint32_t owner, std::string_view text);

  OpRing& ring_;
  std::mutex mutex_;
  std::deque<Name> names_;  // elements never move
  // Kind and shared text of the entries that are no tags, by id: what mend_ring() cannot make again.
  std::map<std::uint32_t, std::pair<std::uint32_t, std::string>> files_;
  std::uint64_t used_ = 0;  // of the shared log
  std::uint64_t backed_ = 0;
};

}  // namespace tickertape
