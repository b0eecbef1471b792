// Brings one event file up to what its dead writer had accepted. L4; recovery feeds it the ops.
//
// Encoding is deterministic, so what the writer wrote after its last commit is a prefix of what is encoded
// here: that much is compared and skipped, the rest appended; a record that was cut off is thereby completed.
// Where the bytes differ, something else wrote to the file: nothing is overwritten, and all that follows the
// last record that agrees is appended at the file's end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/os/file.h"
#include "recovery/orphaned_ring.h"

namespace tickertape {

struct RepairedFile {
  std::string path;
  std::uint64_t events = 0;        // brought home: completed or appended
  std::uint64_t events_there = 0;  // in the file already, behind the writer's last commit
  std::uint64_t events_lost = 0;   // could not be encoded, or their file is gone
  std::vector<std::string> notes;  // what the user should know
  bool is_done = true;             // false: something stays in the ring, to be tried again
};

// Not thread-safe. Keeps no file open, so that there may be thousands.
class FileRepair {
 public:
  // `may_drop`: where the file is gone, its ops go too; otherwise they stay in the ring.
  FileRepair(OrphanedRing& ring, std::size_t writer, bool may_drop);

  // Takes the next op of this file.
  void add(const OrphanedRing::Op& op);
  // Encoded bytes that wait for write_out().
  std::size_t waiting_bytes() const { return out_.size(); }
  // Gets what waits into the file and notes that in the ring. Trouble is noted, not thrown.
  void write_out();
  // So many of its events died with the process; `why` is the rest of a sentence about them.
  void count_lost(std::uint64_t events, const char* why);
  // After the last op: settles, and looks for what does not belong to it.
  RepairedFile finish();

 private:
  // An op whose record ends at `record_end` in out_.
  struct Mark {
    std::uint64_t position;
    std::uint64_t end;
    std::size_t record_end;
  };

  void compare_and_append();
  void go_on_at(std::uint64_t file_size, std::size_t whole_records);
  std::size_t common_bytes(const File& file, std::size_t most) const;
  void append(File& file, std::size_t from);
  void note(std::string text);

  OrphanedRing& ring_;
  const std::size_t writer_;
  const bool may_drop_;
  std::uint64_t base_;  // what follows in the file is compared with out_
  Buffer out_;
  std::vector<Mark> marks_;
  bool has_opened_ = false;
  RepairedFile result_;
};

}  // namespace tickertape
