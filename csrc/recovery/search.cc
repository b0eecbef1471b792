// Searching rings. L4.
#include "recovery/search.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/os/process.h"
#include "queue/ring_location.h"

namespace tickertape {
namespace {

// What all files together may hold in memory before they write it out.
constexpr std::size_t kMaxWaitingBytes = std::size_t{64} << 20;

// A ring without a header this young may be one that is just being made.
constexpr double kYoungSeconds = 10;

std::vector<std::string> all_rings() {
  std::vector<std::string> found;
  for (const RingDirectory& directory : ring_directories()) {
    if (!directory.is_there || !directory.problem.empty()) continue;
    for (std::string& ring : rings_in(directory.path)) found.push_back(std::move(ring));
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::string why_no_ring(const IoError& error) {
  switch (error.error_number()) {
    case EPERM:
    case EACCES:
      return "it belongs to another user";
    case ELOOP:
      return "it is a symbolic link";
    case EISDIR:
    case EINVAL:
    case ENXIO:
      return "it is not a regular file";
    default:
      return error.what();
  }
}

std::string name_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

RingSearch::RingSearch(const std::string& under, RecoveryAsker asker, RepairMode mode)
    : asker_(asker),
      mode_(mode),
      finder_(under, asker == RecoveryAsker::kUser ? SearchDepth::kTree : SearchDepth::kDirectory) {}

RecoveryReport RingSearch::run() {
  for (const std::string& ring : all_rings()) {
    if (std::optional<RingReport> report = examine(ring)) report_.rings.push_back(std::move(*report));
  }
  return std::move(report_);
}

// A process warns once of each ring. A user that calls recovery is told each time.
bool RingSearch::was_told(const std::string& path) const {
  static std::set<std::string> told;
  return asker_ != RecoveryAsker::kUser && !told.insert(path).second;
}

RingReport RingSearch::refusal(const std::string& path, std::string why) const {
  RingReport report;
  report.ring = path;
  report.problem = std::move(why);
  return report;
}

std::optional<RingReport> RingSearch::examine(const std::string& path) {
  std::string why;
  try {
    return examine(LockedFile(path));
  } catch (const IoError& error) {
    if (error.error_number() == EWOULDBLOCK) ++report_.living;
    // Of a living process, or recovered by another one just now.
    if (error.error_number() == EWOULDBLOCK || error.error_number() == ENOENT) return std::nullopt;
    why = why_no_ring(error);
  } catch (const std::exception& error) {
    why = error.what();
  }
  if (was_told(path)) return std::nullopt;
  return refusal(path, std::move(why));
}

std::optional<RingReport> RingSearch::examine(LockedFile file) {
  OrphanedRing ring(std::move(file));
  RingReport report;
  report.ring = ring.file().path();
  report.process_id = ring.process_id();
  if (ring.verdict() == OrphanedRing::Verdict::kUninitialised) {
    if (ring.file().age_seconds() < kYoungSeconds || is_dry_run()) return std::nullopt;
    ring.file().unlink();
    report.is_removed = true;
    return report;
  }
  report.problem = why_not(ring);
  if (!report.problem.empty()) return tell_once(ring, std::move(report));
  if (!ring.is_empty() && !concerns(ring)) {
    if (asker_ == RecoveryAsker::kUser) return std::nullopt;
    report.problem = whose(ring);
    return tell_once(ring, std::move(report));
  }
  repair_files(ring, report);
  return finish(ring, std::move(report));
}

std::string RingSearch::why_not(const OrphanedRing& ring) const {
  if (ring.verdict() == OrphanedRing::Verdict::kRefused) return ring.why();
  if (const std::string original = original_of(ring); !original.empty())
    return "it is a copy of '" + original + "', the ring of process " + std::to_string(ring.process_id()) +
           ", which lives; remove the copy";
  if (ring.is_of_this_boot()) return {};
  // A lock on a network's file system may be unknown to us, and what another machine still holds in memory is
  // not in the file that we see.
  std::string here = ".";
  here.append(host_name()).append(".").append(std::to_string(ring.process_id())).append(".");
  const bool is_ours = std::all_of(ring.writers().begin(), ring.writers().end(), [&](const auto& writer) {
    return name_part(writer.location.path).find(here) != std::string::npos;
  });
  if (!is_ours) return "it is another machine's; run `tickertape repair` there";
  if (asker_ == RecoveryAsker::kUser) return {};
  return "it was left before this machine was started; `tickertape repair` recovers what is in it";
}

// The ring of a living process of which this one is a copy; "" if it is none. A copy has no lock, and its
// process still writes what is in it. A ring from before an exec() has the same process, but not the same
// file.
std::string RingSearch::original_of(const OrphanedRing& ring) {
  if (!ring.has_living_process()) return {};
  for (const std::string& path : all_rings()) {
    try {
      if (path != ring.file().path() && ring.is_copy_of(path)) static_cast<void>(LockedFile(path));
    } catch (const IoError& error) {
      if (error.error_number() == EWOULDBLOCK) return path;  // otherwise it is nobody's ring
    }
  }
  return {};
}

// A ring without a single name (its log found no room) holds nothing that is not in its file: anybody's to
// remove.
bool RingSearch::concerns(const OrphanedRing& ring) {
  return ring.writers().empty() ||
         std::any_of(ring.writers().begin(), ring.writers().end(),
                     [&](const OrphanedRing::Writer& writer) { return finder_.concerns(writer.location); });
}

// Writers tell of a ring once: its name says afterwards that it was told of. A user who asks hears of it each
// time.
std::optional<RingReport> RingSearch::tell_once(OrphanedRing& ring, RingReport report) const {
  if (asker_ == RecoveryAsker::kUser) return report;
  if (is_orphaned_ring_name(report.ring)) return std::nullopt;
  try {
    ring.file().rename(report.ring + kOrphanedSuffix);
    report.ring = ring.file().path();
  } catch (const IoError&) {  // NOLINT(bugprone-empty-catch)
    // Then it is told again.
  }
  return report;
}

// Of a ring that nobody has asked for.
std::string RingSearch::whose(const OrphanedRing& ring) {
  const std::string& path = ring.writers().front().location.path;
  return "process " + std::to_string(ring.process_id()) + " left it with events for '" + path + "'" +
         (ring.writers().size() > 1 ? " and other files" : "") + "; `tickertape repair` recovers them";
}

void RingSearch::repair_files(OrphanedRing& ring, RingReport& report) {
  std::map<std::size_t, FileRepair> repairs;
  std::map<std::size_t, bool> is_asked_for;
  leaves_files_ = false;
  std::size_t waiting = 0;
  OrphanedRing::Op op;
  while (ring.next(op)) {
    const auto [asked, is_new] = is_asked_for.try_emplace(op.writer, true);
    if (is_new) asked->second = finder_.concerns(ring.writers()[op.writer].location);
    if (!asked->second) {
      leaves_files_ = true;
      continue;
    }
    FileRepair& repair = repairs.try_emplace(op.writer, ring, op.writer, finder_, mode_).first->second;
    waiting -= repair.waiting_bytes();
    repair.add(op);
    waiting += repair.waiting_bytes();
    if (waiting < kMaxWaitingBytes) continue;
    for (auto& [writer, each] : repairs) each.write_out();
    waiting = 0;
  }
  for (auto& [writer, repair] : repairs) report.files.push_back(repair.finish());
}

// Removes a ring of which everything is in the files; keeps a damaged one where nobody trips over it again.
std::optional<RingReport> RingSearch::finish(OrphanedRing& ring, RingReport report) const {
  report.problem = ring.why();
  report.events_unread = ring.unread();
  report.is_dry_run = is_dry_run();
  if (is_dry_run()) return report;
  const bool is_done = std::all_of(report.files.begin(), report.files.end(),
                                   [](const RepairedFile& file) { return file.is_done; });
  if (!is_done) return tell_once(ring, std::move(report));
  if (leaves_files_) {
    if (asker_ == RecoveryAsker::kUser)
      report.problem += "it also has events for files elsewhere; `tickertape repair` recovers them";
  } else if (ring.why().empty()) {
    ring.file().unlink();
    report.is_removed = true;
  } else {
    ring.file().rename(report.ring + kDamagedSuffix);
    report.problem += "; what could be read is recovered, and the ring is kept as '" + ring.file().path() +
                      "' until `tickertape repair --discard` removes it";
  }
  return report;
}

}  // namespace tickertape
