// Recovery as callers see it: for a user, and when a directory is opened. L4.
#include "recovery/recovery.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/os/locked_file.h"
#include "base/os/process.h"
#include "base/printable.h"
#include "queue/ring_location.h"
#include "recovery/search.h"

namespace tickertape {
namespace {

// Two threads that recover would only find each other's locks. A fork in the middle would leave the mutex
// locked in the child for ever, so the child gets a fresh one.
std::mutex& recovery_mutex() {
  static std::mutex mutex;
  [[maybe_unused]] static const bool registered = [] {
    register_fork_handlers(nullptr, nullptr, [] { new (&mutex) std::mutex; });
    return true;
  }();
  return mutex;
}

std::string plural(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// The name of a ring's file without what was put behind it.
std::string bare_name(const std::string& ring) {
  std::string name = ring.substr(ring.rfind('/') + 1);
  for (const std::string_view suffix : {kDamagedSuffix, kOrphanedSuffix}) {
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  }
  return name;
}

void tell_that_it_failed(const std::exception& error, Notices& notices) noexcept {
  try {
    notices.add(std::string("cannot look for what dead processes left: ") + error.what());
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // Then without a word: it is still there for the next who looks.
  }
}

std::uint64_t sum_of(const std::vector<RepairedFile>& files, std::uint64_t RepairedFile::* count) {
  std::uint64_t sum = 0;
  for (const RepairedFile& file : files) sum += file.*count;
  return sum;
}

}  // namespace

std::uint64_t RingReport::events() const { return sum_of(files, &RepairedFile::events); }
std::uint64_t RingReport::events_lost() const { return sum_of(files, &RepairedFile::events_lost); }
std::uint64_t RingReport::events_kept() const { return sum_of(files, &RepairedFile::events_kept); }

std::vector<std::string> RingReport::words() const {
  std::vector<std::string> all;
  const std::string whose =
      " of process " + std::to_string(process_id) + ", which ended without writing them, ";
  if (events() != 0) {
    const auto has_events = [](const RepairedFile& file) { return file.events != 0; };
    const auto count = std::count_if(files.begin(), files.end(), has_events);
    const auto first = std::find_if(files.begin(), files.end(), has_events);
    const std::string where =
        count == 1 ? "'" + first->path + "'" : plural(static_cast<std::uint64_t>(count), "file");
    all.push_back((is_dry_run ? "would recover " : "recovered ") + plural(events(), "event") + whose + "to " +
                  where);
  }
  if (events_lost() != 0) all.push_back(plural(events_lost(), "event") + whose + "are lost");
  for (const RepairedFile& file : files) all.insert(all.end(), file.notes.begin(), file.notes.end());
  if (!problem.empty()) all.push_back("op ring '" + ring + "': " + problem);
  for (std::string& text : all) text = printable(text);
  return all;
}

RecoveryReport recover_rings(const std::string& under, RecoveryAsker asker, RepairMode mode) {
  const std::lock_guard<std::mutex> lock(recovery_mutex());
  return RingSearch(under, asker, mode).run();
}

std::vector<std::string> damaged_rings() {
  std::vector<std::string> all;
  for (const RingDirectory& directory : ring_directories()) {
    if (!directory.is_there || !directory.problem.empty()) continue;
    for (std::string& ring : damaged_rings_in(directory.path)) all.push_back(std::move(ring));
  }
  std::sort(all.begin(), all.end());
  return all;
}

void discard_ring(const std::string& ring) {
  // A ring that was told of since has another suffix.
  const std::string name = bare_name(ring);
  for (const RingDirectory& directory : ring_directories()) {
    if (!directory.is_there || !directory.problem.empty()) continue;
    std::vector<std::string> rings = rings_in(directory.path);
    for (std::string& damaged : damaged_rings_in(directory.path)) rings.push_back(std::move(damaged));
    for (const std::string& found : rings) {
      if (bare_name(found) != name) continue;
      try {
        return LockedFile(found).unlink();
      } catch (const IoError& error) {
        if (error.error_number() == EWOULDBLOCK)
          throw ArgumentError("ring: expected the ring of a dead process, got that of a living one, '" +
                              found + "'");
        throw;
      }
    }
  }
  throw ArgumentError("ring: expected a ring that `tickertape doctor` lists, got '" + ring + "'");
}

void recover_at_opening(const std::string& log_dir, bool was_there, Notices& notices) noexcept {
  // In a directory that was just made nobody can have left anything; but once in a process's life rings that
  // hold nothing any more are looked for.
  static std::atomic<std::uint32_t> has_looked{
      0};  // relaxed: a hint; a process id, so that a fork looks again
  const std::uint32_t self = process_id();
  if (has_looked.exchange(self, std::memory_order_relaxed) == self && !was_there) return;
  try {
    for (const RingReport& report : recover_rings(log_dir, RecoveryAsker::kOpenedDirectory).rings) {
      for (const std::string& text : report.words()) notices.add(text);
    }
  } catch (const IoError& error) {
    if (error.error_number() != ENOENT)
      tell_that_it_failed(error, notices);  // then the writer says so itself
  } catch (const std::exception& error) {
    tell_that_it_failed(error, notices);
  }
}

}  // namespace tickertape
