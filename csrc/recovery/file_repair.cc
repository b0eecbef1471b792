// Comparing and appending. L4.
#include "recovery/file_repair.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <utility>

#include "base/error.h"
#include "event/encoder.h"
#include "tfrecord/record_writer.h"

namespace tickertape {
namespace {

// As much as the sequencer writes at once, for the same reason.
constexpr std::size_t kSettleBytes = std::size_t{256} << 10;

constexpr std::size_t kCompareBytes = std::size_t{64} << 10;

constexpr std::size_t kMostNotes = 20;

std::string count_of(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

FileRepair::FileRepair(OrphanedRing& ring, std::size_t writer, bool may_drop)
    : ring_(ring), writer_(writer), may_drop_(may_drop), base_(ring.writers()[writer].file_size) {
  result_.path = ring.writers()[writer].path;
}

void FileRepair::note(std::string text) {
  if (result_.notes.size() < kMostNotes) result_.notes.push_back(std::move(text));
}

void FileRepair::add(const OrphanedRing::Op& op) {
  if (!result_.is_done) return;
  try {
    RecordBuilder frame(out_);
    encode_event(op.view, op.tag, out_);
    frame.finish();
  } catch (const std::bad_alloc&) {
    throw;  // it stays in the ring, for a time with more memory
  } catch (const std::exception& error) {
    ++result_.events_lost;
    note("an event of '" + std::string(op.tag) + "' could not be encoded: " + error.what());
    return;
  }
  marks_.push_back({op.position, op.end, out_.size()});
  if (out_.size() >= kSettleBytes) write_out();
}

void FileRepair::write_out() {
  if (marks_.empty() || !result_.is_done) return;
  try {
    compare_and_append();
  } catch (const IoError& error) {
    const bool is_gone = error.error_number() == ENOENT || error.error_number() == ENOTDIR;
    if (is_gone && may_drop_) {
      result_.events_lost += marks_.size();
      ring_.commit(writer_, marks_.back().end, base_);
      if (!std::exchange(has_opened_, true))
        note("'" + result_.path + "' is gone, and what it lacked with it");
    } else {
      result_.is_done = false;
      note(error.what());
    }
  }
  out_.clear();
  marks_.clear();
}

void FileRepair::compare_and_append() {
  File file = File::open_to_append(result_.path);
  has_opened_ = true;
  std::uint64_t size = file.size();
  if (size < base_) {
    note("'" + result_.path + "' was cut off: it has " + count_of(size, "byte") + " of " +
         std::to_string(base_));
    go_on_at(size, 0);
  }
  const auto there = static_cast<std::size_t>(std::min<std::uint64_t>(size - base_, out_.size()));
  const std::size_t common = common_bytes(file, there);
  if (common < there) {
    const auto first =
        std::find_if(marks_.begin(), marks_.end(), [&](const Mark& m) { return m.record_end > common; });
    const std::size_t whole = first == marks_.begin() ? 0 : std::prev(first)->record_end;
    note("bytes " + std::to_string(base_ + whole) + " to " + std::to_string(size) + " of '" + result_.path +
         "' are not its writer's; they stay, and what was missing follows them");
    go_on_at(size, whole);
    append(file, 0);
  } else {
    append(file, there);
  }
  base_ += out_.size();
  ring_.commit(writer_, marks_.back().end, base_);
}

// The first `whole_records` bytes of out_ are in the file; the rest goes behind byte `file_size`. Noted in
// the ring before anything is appended, so that a second recovery compares with what this one appends.
void FileRepair::go_on_at(std::uint64_t file_size, std::size_t whole_records) {
  const auto first =
      std::find_if(marks_.begin(), marks_.end(), [&](const Mark& m) { return m.record_end > whole_records; });
  result_.events_there += static_cast<std::uint64_t>(first - marks_.begin());
  marks_.erase(marks_.begin(), first);
  for (Mark& mark : marks_) mark.record_end -= whole_records;
  Buffer rest;
  rest.append(out_.bytes().subspan(whole_records));
  out_ = std::move(rest);
  base_ = file_size;
  ring_.commit(writer_, marks_.front().position, base_);
}

// How many of the `most` bytes behind base_ are those of out_.
std::size_t FileRepair::common_bytes(const File& file, std::size_t most) const {
  Buffer piece;
  std::uint8_t* bytes = piece.extend(std::min(most, kCompareBytes));
  for (std::size_t at = 0; at < most;) {
    const std::size_t got = file.read_at(base_ + at, bytes, std::min(most - at, kCompareBytes));
    const auto differs = std::mismatch(bytes, bytes + got, out_.data() + at);
    at += static_cast<std::size_t>(differs.first - bytes);
    if (differs.first != bytes + got || got == 0) return at;
  }
  return most;
}

// Appends out_ from byte `from` on, which ends the file.
void FileRepair::append(File& file, std::size_t from) {
  const auto first =
      std::find_if(marks_.begin(), marks_.end(), [&](const Mark& m) { return m.record_end > from; });
  result_.events_there += static_cast<std::uint64_t>(first - marks_.begin());
  while (from < out_.size()) {
    const std::int64_t taken = file.append_some(out_.bytes().subspan(from));
    if (taken < 0) throw IoError(static_cast<int>(-taken), result_.path, "cannot append to");
    from += static_cast<std::size_t>(taken);
  }
  result_.events += static_cast<std::uint64_t>(marks_.end() - first);
}

void FileRepair::count_lost(std::uint64_t events, const char* why) {
  result_.events_lost += events;
  note(count_of(events, "event") + " of '" + result_.path + "' " + why);
}

RepairedFile FileRepair::finish() {
  const bool had_ops = has_opened_ || !marks_.empty() || !result_.is_done;
  write_out();
  if (!had_ops || !result_.is_done) return std::move(result_);
  try {
    const std::uint64_t size = File::open_to_read(result_.path).size();
    if (size > base_) {
      note(count_of(size - base_, "byte") + " at the end of '" + result_.path +
           "' are not its writer's; they stay");
    }
  } catch (const IoError&) {  // NOLINT(bugprone-empty-catch)
    // Gone, which write_out() has noted.
  }
  return std::move(result_);
}

}  // namespace tickertape
