// Counting, completing and appending. L4.
#include "recovery/file_repair.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/os/clock.h"
#include "event/encoder.h"
#include "recovery/record_count.h"
#include "tfrecord/record_writer.h"

namespace tickertape {
namespace {

// As much as the sequencer writes at once, for the same reason.
constexpr std::size_t kRepairWriteBytes = std::size_t{256} << 10;

constexpr std::size_t kMaxNotes = 20;

// How many names are tried for a new file: each recovery that was killed may have left one.
constexpr unsigned kMaxNames = 1'000'000;

std::string count_of(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

FileRepair::FileRepair(OrphanedRing& ring, std::size_t writer, FileFinder& finder, RepairMode mode)
    : ring_(ring), writer_(writer), finder_(finder), mode_(mode), base_(ring.writers()[writer].file_size) {
  result_.path = location().path.empty() ? "a file whose name found no room in the ring" : location().path;
}

void FileRepair::note(std::string text) {
  if (result_.notes.size() < kMaxNotes) result_.notes.push_back(std::move(text));
}

// What is missing stays in the ring.
void FileRepair::stop(const std::string& why) {
  result_.is_done = false;
  result_.events_kept += marks_.size();
  stopped_by_ = why;
}

// In front of everything else, and beyond the limit of notes.
void FileRepair::tell_what_is_kept() {
  const std::string& ring = ring_.file().path();
  result_.notes.insert(
      result_.notes.begin(),
      "'" + result_.path + "' cannot be completed: " + stopped_by_ + "; " +
          count_of(result_.events_kept, "missing event") + " stay in op ring '" + ring +
          "'; mend that, or move the file back, and run `tickertape repair`; or run `tickertape repair DIR` "
          "with the directory it was moved to; `tickertape repair --discard " +
          ring + "` gives them up");
}

void FileRepair::add(const OrphanedRing::Op& op) {
  if (op.may_be_a_record && !is_located_ && result_.is_done) locate();
  if (!result_.is_done) {
    ++result_.events_kept;
  } else if (op.may_be_a_record && records_there_ != 0) {
    --records_there_;
    ++result_.events_there;
  } else if (!op.may_be_a_record || op.body != OrphanedRing::Body::kHere) {
    lose(op);
  } else if (mode_ == RepairMode::kDryRun) {
    ++result_.events;
  } else {
    encode(op);
  }
}

void FileRepair::locate() {
  is_located_ = true;
  std::string why;
  try {
    if (location().inode == 0) {
      // It could not be created in its time; so there is nothing of it.
      needs_new_file_ = true;
      if (finder_.find_directory(location(), why)) return;
    } else if (const std::optional<FoundFile> found = finder_.find(location(), why)) {
      return count_what_is_there(found->file);
    }
  } catch (const IoError& error) {
    why = error.what();
  }
  stop(why);
}

void FileRepair::count_what_is_there(const File& file) {
  result_.path = file.path();
  const std::uint64_t size = file.size();
  const bool was_cut_off = size < base_;
  const RecordCount there = count_records(file, was_cut_off ? 0 : base_, size);
  torn_bytes_ = size - there.end;
  if (was_cut_off) {
    note("'" + result_.path + "' was cut off: it has " + count_of(size, "byte") + " of " +
         std::to_string(base_));
    needs_new_file_ = torn_bytes_ != 0;  // what was torn is of an op that is no longer in the ring
  } else {
    records_there_ = there.records;
  }
  base_ = there.end;
  // Before anything is appended, or the file could grow past the old place and another recovery start in a
  // record.
  if (was_cut_off && mode_ == RepairMode::kRepair)
    ring_.commit(writer_, ring_.writers()[writer_].position, base_);
}

void FileRepair::lose(const OrphanedRing::Op& op) {
  ++result_.events_lost;
  if (op.body == OrphanedRing::Body::kOnDevice) ++lost_on_device_;
  if (op.body == OrphanedRing::Body::kOnHeap) ++lost_on_heap_;
  if (op.body == OrphanedRing::Body::kInPlace) ++lost_in_place_;
  // Or another recovery would count it for the first record behind it.
  if (op.may_be_a_record && mode_ == RepairMode::kRepair) ring_.mark_lost(op.position);
}

void FileRepair::encode(const OrphanedRing::Op& op) {
  try {
    RecordBuilder record(out_);
    encode_event(op.view, op.tag, out_);
    record.finish();
  } catch (const std::bad_alloc&) {
    throw;  // it stays in the ring, for a time with more memory
  } catch (const std::exception& error) {
    note("an event of '" + std::string(op.tag) + "' could not be encoded: " + error.what());
    return lose(op);
  }
  marks_.push_back({op.position, op.end, out_.size()});
  if (out_.size() >= kRepairWriteBytes) write_out();
}

void FileRepair::write_out() {
  if (marks_.empty() || !result_.is_done) return;
  try {
    append_all();
  } catch (const IoError& error) {
    stop(error.what());
  }
  if (out_.capacity() > 4 * kRepairWriteBytes) out_ = Buffer();  // a large event's is not kept
  out_.clear();
  marks_.clear();
}

void FileRepair::append_all() {
  std::string why;
  std::size_t from = 0;  // so much of out_ is in the file
  std::optional<FoundFile> found;
  if (location().inode != 0) {
    found = finder_.find(location(), why);
    if (!found) return stop(why);
    if (found->file.size() != base_ + torn_bytes_) return stop("it is being changed by somebody");
    if (!needs_new_file_ && torn_bytes_ != 0) needs_new_file_ = !completes_record(found->file);
    if (!needs_new_file_) from = static_cast<std::size_t>(torn_bytes_);
    if (needs_new_file_) {
      start_file(found->directory, name_of(result_.path) + ".recovered",
                 "the last " + count_of(torn_bytes_, "byte") + " of '" + result_.path +
                     "' are not a whole record, and readers stop there; what was missing is in '");
      found = finder_.find(location(), why);
    }
  } else if (const std::optional<Directory> directory = finder_.find_directory(location(), why)) {
    start_file(*directory, name_of(location().path), "a file that could not be created before is now '");
    found = finder_.find(location(), why);
  }
  if (!found) return stop(why);
  append(found->file, out_.bytes().subspan(from));
  base_ += out_.size();
  torn_bytes_ = 0;
  result_.events += marks_.size();
  ring_.commit(writer_, marks_.back().end, base_);
}

// True if the torn bytes are the start of the first record in out_.
bool FileRepair::completes_record(const File& file) const {
  if (torn_bytes_ > marks_.front().record_end) return false;
  Buffer torn;
  const auto size = static_cast<std::size_t>(torn_bytes_);
  if (file.read_at(base_, torn.extend(size), size) != size) return false;
  return std::equal(torn.data(), torn.data() + size, out_.data());
}

// Goes on in a new file called `name`, which sorts behind the one so far, or a name like it.
void FileRepair::start_file(const Directory& directory, const std::string& name, const std::string& why) {
  Buffer opening;
  {
    RecordBuilder record(opening);
    encode_version_event(wall_time_now(), 0, opening);
    record.finish();
  }
  for (unsigned number = 0; number < kMaxNames; ++number) {
    char text[16];
    std::snprintf(text, sizeof text, ".%06u", number);
    try {
      File file = directory.create_file(name + text);
      try {
        append(file, opening.bytes());
        // In this order; see Sequencer::renew_if_lost().
        ring_.move(writer_, file.location(), opening.size());
      } catch (...) {
        directory.remove_file(name + text);
        throw;
      }
      ring_.commit(writer_, marks_.front().position, opening.size());
      base_ = opening.size();
      torn_bytes_ = 0;
      needs_new_file_ = false;
      result_.path = file.path();
      return note(why + file.path() + "'");
    } catch (const IoError& error) {
      if (error.error_number() != EEXIST) throw;
    }
  }
  throw IoError(EEXIST, directory.path() + "/" + name, "no name is free for");
}

void FileRepair::append(File& file, Bytes bytes) const {
  while (!bytes.empty()) {
    const std::int64_t taken = file.append_some(bytes);
    if (taken < 0) throw IoError(static_cast<int>(-taken), file.path(), "cannot append to");
    bytes = bytes.subspan(static_cast<std::size_t>(taken));
  }
}

void FileRepair::note_losses() {
  const auto say = [&](std::uint64_t events, const char* why) {
    if (events != 0) note(count_of(events, "event") + " of '" + result_.path + "' " + why);
  };
  say(lost_on_device_, "waited for a value from a device");
  say(lost_on_heap_, "had found no room in the op ring, and its file took nothing");
  say(lost_in_place_, "was logged with copy=False, and its array died with the process");
}

RepairedFile FileRepair::finish() {
  write_out();
  note_losses();
  if (!result_.is_done) tell_what_is_kept();
  if (!result_.is_done || !is_located_) return std::move(result_);
  if (records_there_ != 0)
    note(count_of(records_there_, "record") + " of '" + result_.path + "' are not its writer's; they stay");
  if (torn_bytes_ != 0 && mode_ == RepairMode::kRepair)
    note("the last " + count_of(torn_bytes_, "byte") + " of '" + result_.path +
         "' are not a whole record; they stay");
  return std::move(result_);
}

}  // namespace tickertape
