// Finding rings, telling the dead from the living, and bringing home what they hold. L4.
#include "recovery/recovery.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/os/process.h"
#include "queue/ring_location.h"
#include "recovery/orphaned_ring.h"

namespace tickertape {
namespace {

namespace fs = std::filesystem;

// What all files together may hold in memory before they write_out.
constexpr std::size_t kMostWaitingBytes = std::size_t{64} << 20;

// A ring without a header this young may be one that is just being made, by a process that we cannot see.
constexpr double kYoungSeconds = 10;

// POSIX record locks do not keep two threads of one process apart. A fork in the middle would leave the mutex
// locked in the child for ever, so the child gets a fresh one.
std::mutex& recovery_mutex() {
  static std::mutex mutex;
  [[maybe_unused]] static const bool registered = [] {
    register_fork_handlers(nullptr, nullptr, [] { new (&mutex) std::mutex; });
    return true;
  }();
  return mutex;
}

// `path` without links, "." and ".." as far as it exists; as it is where that cannot be found out.
fs::path resolved(const std::string& path) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(path, error);
  return error ? fs::path(path) : real;
}

// True where `path` lies in the directory `directory` (both resolved) or below it.
bool lies_under(const fs::path& directory, const fs::path& path) {
  const auto ends = std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return ends.first == directory.end();
}

class Search {
 public:
  Search(const std::string& under, RecoveryAsker asker) : asker_(asker) {
    if (!under.empty()) under_ = resolved(fs::absolute(under));
  }

  RecoveryReport run() {
    for (const std::string& ring : find()) {
      if (std::optional<RingReport> report = examine(ring)) report_.rings.push_back(std::move(*report));
    }
    return std::move(report_);
  }

 private:
  std::vector<std::string> find() const;
  std::optional<RingReport> examine(const std::string& path) const;
  std::optional<RingReport> examine(LockedFile file) const;
  bool concerns(const fs::path& path) const { return under_.empty() || lies_under(under_, path); }
  bool concerns(const OrphanedRing& ring) const;
  std::string why_not(const OrphanedRing& ring) const;
  bool may_drop(const std::string& event_file) const;
  void recover(OrphanedRing& ring, RingReport& report) const;
  static void finish(OrphanedRing& ring, RingReport& report);

  const RecoveryAsker asker_;
  fs::path under_;  // empty: everything
  RecoveryReport report_;
};

// Every ring there is. Never one among log files: who knows where those come from.
std::vector<std::string> Search::find() const {
  std::vector<std::string> found;
  for (const RingDirectory& directory : ring_directories()) {
    if (!directory.is_there || !directory.problem.empty()) continue;
    for (std::string& ring : rings_in(directory.path)) found.push_back(std::move(ring));
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::optional<RingReport> Search::examine(const std::string& path) const {
  try {
    return examine(LockedFile(path));
  } catch (const IoError& error) {
    // Held by a living process, or brought home by another one just now.
    if (error.error_number() == EWOULDBLOCK || error.error_number() == ENOENT) return std::nullopt;
    if (asker_ == RecoveryAsker::kOpenedDirectory && !lies_under(under_, resolved(path))) return std::nullopt;
    RingReport report;
    report.ring = path;
    report.problem = error.error_number() == EPERM || error.error_number() == EACCES
                         ? "it belongs to another user"
                         : std::string(error.what());
    return report;
  } catch (const std::exception& error) {
    RingReport report;
    report.ring = path;
    report.problem = error.what();
    return report;
  }
}

std::optional<RingReport> Search::examine(LockedFile file) const {
  OrphanedRing ring(std::move(file));
  RingReport report;
  report.ring = ring.file().path();
  report.process_id = ring.process_id();
  if (ring.verdict() == OrphanedRing::Verdict::kUninitialised) {
    if (ring.file().age_seconds() < kYoungSeconds) return std::nullopt;
    ring.file().unlink();
    report.is_removed = true;
    return report;
  }
  const bool is_here = !under_.empty() && lies_under(under_, resolved(report.ring));
  report.problem = why_not(ring);
  if (!report.problem.empty()) {
    return asker_ == RecoveryAsker::kUser || is_here ? std::optional(std::move(report)) : std::nullopt;
  }
  if (!ring.is_empty() && !concerns(ring)) return std::nullopt;
  recover(ring, report);
  finish(ring, report);
  return report;
}

std::string Search::why_not(const OrphanedRing& ring) const {
  if (ring.verdict() == OrphanedRing::Verdict::kRefused) return ring.why();
  if (ring.is_of_this_boot()) return {};
  // A lock on a network's file system may be unknown to us, and what another machine still holds in memory is
  // not in the file that we see.
  const std::string pid = std::to_string(ring.process_id());
  std::string here = ".";
  here.append(host_name()).append(".").append(pid).append(".");
  const bool is_ours = std::all_of(ring.writers().begin(), ring.writers().end(), [&](const auto& writer) {
    return writer.path.find(here) != std::string::npos;
  });
  if (!is_ours) return "it is another machine's; run `tickertape repair` there";
  if (asker_ == RecoveryAsker::kUser) return {};
  return "it was left before this machine was started; `tickertape repair` brings home what is in it";
}

// A ring without a single name (its log found no room) holds nothing that is not in its file: anybody's to
// remove.
bool Search::concerns(const OrphanedRing& ring) const {
  return ring.writers().empty() ||
         std::any_of(ring.writers().begin(), ring.writers().end(),
                     [&](const OrphanedRing::Writer& writer) { return concerns(resolved(writer.path)); });
}

// A file that is gone may lie on a disk that is missing just now: only who asks for its directory lets its
// ops go.
bool Search::may_drop(const std::string& event_file) const { return concerns(resolved(event_file)); }

void Search::recover(OrphanedRing& ring, RingReport& report) const {
  std::map<std::size_t, FileRepair> repairs;
  std::size_t waiting = 0;
  OrphanedRing::Op op;
  while (ring.next(op)) {
    auto found = repairs.find(op.writer);
    if (found == repairs.end()) {
      found = repairs.try_emplace(op.writer, ring, op.writer, may_drop(ring.writers()[op.writer].path)).first;
    }
    FileRepair& repair = found->second;
    waiting -= repair.waiting_bytes();
    repair.add(op);
    waiting += repair.waiting_bytes();
    if (waiting < kMostWaitingBytes) continue;
    for (auto& [writer, each] : repairs) each.write_out();
    waiting = 0;
  }
  for (std::size_t i = 0; i < ring.writers().size(); ++i) {
    const OrphanedRing::Writer& writer = ring.writers()[i];
    if (writer.deferred_events + writer.heap_events + writer.in_place_events == 0) continue;
    FileRepair& repair = repairs.try_emplace(i, ring, i, may_drop(writer.path)).first->second;
    if (writer.deferred_events != 0)
      repair.count_lost(writer.deferred_events, "waited for a value from a device");
    if (writer.heap_events != 0) {
      repair.count_lost(writer.heap_events, "had found no room in the op ring, and its file took nothing");
    }
    if (writer.in_place_events != 0) {
      repair.count_lost(writer.in_place_events,
                        "was logged with copy=False, and its array died with the process");
    }
  }
  for (auto& [writer, repair] : repairs) report.files.push_back(repair.finish());
}

// Removes a ring that is empty now; keeps a damaged one where nobody trips over it again.
void Search::finish(OrphanedRing& ring, RingReport& report) {
  report.problem = ring.why();
  const bool is_home = std::all_of(report.files.begin(), report.files.end(),
                                   [](const RepairedFile& file) { return file.is_done; });
  if (!is_home) return;
  if (ring.why().empty()) {
    ring.file().unlink();
    report.is_removed = true;
  } else {
    ring.file().rename(report.ring + ".damaged");
    report.problem += "; what could be read of it is home, and it is kept as '" + ring.file().path() + "'";
  }
}

std::string plural(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

std::uint64_t RingReport::events() const {
  std::uint64_t sum = 0;
  for (const RepairedFile& file : files) sum += file.events;
  return sum;
}

std::uint64_t RingReport::events_lost() const {
  std::uint64_t sum = 0;
  for (const RepairedFile& file : files) sum += file.events_lost;
  return sum;
}

std::vector<std::string> RingReport::words() const {
  std::vector<std::string> all;
  if (events() != 0) {
    const auto mended =
        std::count_if(files.begin(), files.end(), [](const RepairedFile& f) { return f.events != 0; });
    const auto first =
        std::find_if(files.begin(), files.end(), [](const RepairedFile& f) { return f.events != 0; });
    const std::string where =
        mended == 1 ? "'" + first->path + "'" : plural(static_cast<std::uint64_t>(mended), "file");
    all.push_back("brought home " + plural(events(), "event") + " of process " + std::to_string(process_id) +
                  ", which ended without writing them, to " + where);
  }
  if (events_lost() != 0) {
    all.push_back(plural(events_lost(), "event") + " of process " + std::to_string(process_id) +
                  ", which ended without writing them, are lost");
  }
  for (const RepairedFile& file : files) all.insert(all.end(), file.notes.begin(), file.notes.end());
  if (!problem.empty()) all.push_back("op ring '" + ring + "': " + problem);
  return all;
}

RecoveryReport recover_rings(const std::string& under, RecoveryAsker asker) {
  const std::lock_guard<std::mutex> lock(recovery_mutex());
  return Search(under, asker).run();
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
      for (std::string& text : report.words()) notices.add(std::move(text));
    }
  } catch (const std::exception& error) {
    try {
      notices.add(std::string("cannot look for what dead processes left: ") + error.what());
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
      // Then without a word: it is still there for the next who looks.
    }
  }
}

}  // namespace tickertape
