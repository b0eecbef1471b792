// Brings one event file up to what its dead writer had accepted. L4; recovery feeds it the ops.
//
// The number of whole records behind the writer's last commit says how many of its ops are in the file. The
// rest is encoded and appended, perhaps by another version of the package than the writer's: so no encoding
// is compared, with one exception. A record that was cut off is completed if the encoding of its op begins
// with the bytes that are there. Otherwise what is missing goes into a new file of the run, since readers
// stop at half a record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/os/file.h"
#include "recovery/file_finder.h"
#include "recovery/orphaned_ring.h"

namespace tickertape {

struct RepairedFile {
  std::string path;
  std::uint64_t events = 0;        // recovered: completed or appended
  std::uint64_t events_there = 0;  // in the file already, behind the writer's last commit
  std::uint64_t events_lost = 0;   // could not be encoded, or died with the process
  std::uint64_t events_kept = 0;   // stay in the ring: the file is not found, or takes nothing
  std::vector<std::string> notes;  // what the user should know
  bool is_done = true;             // false: something stays in the ring, to be tried again
};

enum class RepairMode { kRepair, kDryRun };

// Not thread-safe. Keeps no file open, so that there may be thousands. In a dry run it changes nothing and
// counts.
class FileRepair {
 public:
  FileRepair(OrphanedRing& ring, std::size_t writer, FileFinder& finder, RepairMode mode);

  // Takes the next op of this file.
  void add(const OrphanedRing::Op& op);
  // Encoded bytes that wait for write_out().
  std::size_t waiting_bytes() const { return out_.size(); }
  // Appends what waits to the file and stores that in the ring. Trouble is noted, not thrown.
  void write_out();
  // After the last op: writes out, and looks for what does not belong to the file.
  RepairedFile finish();

 private:
  // An op whose record ends at `record_end` in out_.
  struct Mark {
    std::uint64_t position;
    std::uint64_t end;
    std::size_t record_end;
  };

  void locate();
  void count_what_is_there(const File& file);
  void lose(const OrphanedRing::Op& op);
  void encode(const OrphanedRing::Op& op);
  void append_all();
  bool completes_record(const File& file) const;
  void start_file(const Directory& directory, const std::string& name, const std::string& why);
  void append(File& file, Bytes bytes) const;
  void stop(const std::string& why);
  void tell_what_is_kept();
  void note(std::string text);
  void note_losses();

  const FileLocation& location() const { return ring_.writers()[writer_].location; }

  OrphanedRing& ring_;
  const std::size_t writer_;
  FileFinder& finder_;
  const RepairMode mode_;
  bool is_located_ = false;
  bool needs_new_file_ = false;      // there is none, or nothing may follow what it ends with
  std::uint64_t base_ = 0;           // the whole records end here
  std::uint64_t torn_bytes_ = 0;     // behind base_: not a whole record
  std::uint64_t records_there_ = 0;  // whole records to which no op has been counted yet
  Buffer out_;                       // records to be appended; the first may be in the file in part
  std::vector<Mark> marks_;          // of the records in out_
  std::string stopped_by_;           // why something stays in the ring
  std::uint64_t lost_on_device_ = 0, lost_on_heap_ = 0, lost_in_place_ = 0;
  RepairedFile result_;
};

}  // namespace tickertape
