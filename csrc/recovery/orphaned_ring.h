// A ring that a dead process left, as recovery reads it: every byte of it may be garbage. L4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/os/file.h"
#include "base/os/locked_file.h"
#include "event/op.h"
#include "queue/ring_layout.h"

namespace tickertape {

// Reads a locked ring file through a small window. Its memory is bounded by what is stored in the file, not
// by what the file says. Not thread-safe. Every member except why() may throw IoError.
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
  // Why it was refused, or where next() had to give up; "" if nothing is wrong.
  const std::string& why() const { return why_; }

  // An event file that the process had open, and how much of its ops the file holds: those before `position`,
  // which end at `file_size`.
  struct Writer {
    FileLocation location;  // the newest file, if there were several
    std::uint32_t slot;
    std::uint32_t name;  // its number in the name log
    std::uint64_t position;
    std::uint64_t file_size;
    std::uint64_t file_number;  // of what position and file_size are about
    std::uint64_t newest_file;  // of `location`
    // What cannot be true in the commit record; nullptr if nothing. Then next() passes over the writer's ops.
    const char* damage = nullptr;
  };
  const std::vector<Writer>& writers() const { return writers_; }
  std::uint32_t process_id() const { return process_id_; }
  // True if nothing was accepted that is not in its file. False does not mean that anything is missing.
  bool is_empty() const { return at_ == head_; }
  // Events that next() passed over because of damage, as far as they can be counted.
  std::uint64_t unread() const { return unread_; }
  // Its process is alive (or exec() has put another program into it).
  bool has_living_process() const;
  // True if the ring file `path` was made by the same process and begins with the same event file: one of the
  // two is a copy.
  bool is_copy_of(const std::string& path) const;
  // Written in this boot of the machine.
  bool is_of_this_boot() const { return is_of_this_boot_; }

  // Where the values of an op are.
  enum class Body { kHere, kOnHeap, kInPlace, kOnDevice };

  // An op that the process was asked for and that the commit records do not tell to be in its file. Views are
  // valid until the next call of next().
  struct Op {
    std::uint64_t position;
    std::uint64_t end;
    std::size_t writer;  // index into writers()
    std::string_view tag;
    OpView view;  // its body if `body` is kHere
    Body body;
    bool may_be_a_record;  // false: it never became one; its values are lost
  };
  // The next one in the order of the calls, without those that were not accepted; false at the end of what
  // can be read.
  bool next(Op& op);

  // --- Progress, stored in the ring so that another recovery goes on from it
  // -------------------------------------------------------------------------------------------------------------

  // As CommitSlot::commit(), for the writer's newest file.
  void commit(std::size_t writer, std::uint64_t position, std::uint64_t file_size);
  // The op at `position` is lost, and no record in the file stands for it.
  void mark_lost(std::uint64_t position);
  // What the writer lacks goes into another file from here on; commit() is due next. Throws ENOSPC if the
  // name log is full.
  void move(std::size_t writer, const FileLocation& location, std::uint64_t opening_bytes);

  LockedFile& file() { return file_; }
  const LockedFile& file() const { return file_; }

 private:
  struct Name {
    std::size_t writer;
    std::string_view text;  // in names_log_
  };

  void refuse(const std::string& why);
  void read_header();
  bool check_version(const ring_layout::RingHeader& header);
  void check_places(const ring_layout::RingHeader& header);
  void read_names(std::uint64_t size);
  bool add_name(const ring_layout::NameEntry& entry, std::string_view text);
  bool is_writer(std::uint32_t name) const;
  bool add_file(const ring_layout::NameEntry& entry, std::string_view text);
  ring_layout::CommitSlot::Record committed(std::uint32_t slot) const;
  const char* damage_of(const Writer& writer, const ring_layout::CommitSlot::Record& record) const;
  void read_commits();
  bool names_are_full() const;
  bool finish_reading();
  void give_up_at_name();
  bool fill(const ring_layout::OpHeader& header, Op& op) const;
  const ring_layout::OpHeader* op_at(std::uint64_t position);
  const std::uint8_t* bytes_at(std::uint64_t position, std::uint64_t size);
  const ring_layout::OpHeader* give_up(const char* why);

  LockedFile file_;
  Verdict verdict_ = Verdict::kGood;
  std::string why_;
  std::uint32_t process_id_ = 0;
  std::uint64_t process_start_ = 0;
  bool is_of_this_boot_ = true;
  std::uint64_t slots_offset_ = 0, names_offset_ = 0, ring_offset_ = 0, capacity_ = 0;
  std::uint64_t names_used_ = 0, names_capacity_ = 0;
  std::uint64_t at_ = 0, head_ = 0;
  bool names_are_full_ = false;  // so there may be ops whose name is not in the log
  std::uint64_t unread_ = 0;
  const Writer* unread_writer_ = nullptr;  // the first whose commit record is damaged and that has ops

  Buffer names_log_;
  std::vector<Name> names_;
  std::vector<Writer> writers_;

  Buffer window_;  // bytes of the ring from position window_from_ on
  std::uint64_t window_from_ = 0;
};

}  // namespace tickertape
