// A ring that a dead process left, as recovery reads it: every byte of it may be garbage. L4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/os/locked_file.h"
#include "event/op.h"
#include "queue/ring_layout.h"

namespace tickertape {

// Reads a locked ring file through a small window; its memory does not grow with the ring. Not thread-safe.
// Every member but why() may throw IoError.
class OrphanedRing {
 public:
  enum class Verdict {
    kGood,
    kUninitialised,  // its process died before it accepted anything
    kRefused,        // not ours to read; see why()
  };
  // Reads header and names.
  explicit OrphanedRing(LockedFile file);

  Verdict verdict() const { return verdict_; }
  // Why it was refused, or where next() had to give up; "" where nothing is wrong.
  const std::string& why() const { return why_; }

  // An event file that the process had open, and what of its ops the file holds: those before `position`,
  // which end at `file_size`.
  struct Writer {
    std::string path;
    std::uint32_t slot;
    std::uint64_t position;
    std::uint64_t file_size;
    std::uint64_t deferred_events =
        0;  // so far: those whose values died with the process, on their way from a device
    std::uint64_t heap_events = 0;      // so far: those whose bodies lay on the process's heap
    std::uint64_t in_place_events = 0;  // so far: those whose arrays lay where their caller had them
  };
  const std::vector<Writer>& writers() const { return writers_; }
  std::uint32_t process_id() const { return process_id_; }
  // Nothing was accepted that is not in its file: true only where that needs no look at the ops.
  bool is_empty() const { return at_ == head_; }
  // Written in this boot of the machine.
  bool is_of_this_boot() const { return is_of_this_boot_; }

  // An op that was accepted and is not known to be in its file. Views are good until the next call of next().
  struct Op {
    std::uint64_t position;
    std::uint64_t end;
    std::size_t writer;  // index into writers()
    std::string_view tag;
    OpView view;
  };
  // The next such op in the order of the calls; false at the end of what can be read.
  bool next(Op& op);

  // Notes in the ring what next() need not give again after another death. Ordered like CommitSlot::commit().
  void commit(std::size_t writer, std::uint64_t position, std::uint64_t file_size);

  LockedFile& file() { return file_; }

 private:
  struct Name {
    std::size_t writer;
    std::string_view text;  // in names_log_
  };

  void refuse(const std::string& why);
  void read_header();
  void check_places(const ring_layout::RingHeader& header);
  void read_names(std::uint64_t offset, std::uint64_t size);
  bool add_name(const ring_layout::NameEntry& entry, std::string_view text);
  ring_layout::CommitSlot::Record committed(std::uint32_t slot) const;
  const ring_layout::OpHeader* op_at(std::uint64_t position);
  const std::uint8_t* bytes_at(std::uint64_t position, std::uint64_t size);
  const ring_layout::OpHeader* give_up(const char* why);

  LockedFile file_;
  Verdict verdict_ = Verdict::kGood;
  std::string why_;
  std::uint32_t process_id_ = 0;
  bool is_of_this_boot_ = true;
  std::uint64_t slots_offset_ = 0, ring_offset_ = 0, capacity_ = 0;
  std::uint64_t at_ = 0, head_ = 0;

  Buffer names_log_;
  std::vector<Name> names_;
  std::vector<Writer> writers_;

  Buffer window_;  // bytes of the ring from position window_from_ on
  std::uint64_t window_from_ = 0;
};

}  // namespace tickertape
