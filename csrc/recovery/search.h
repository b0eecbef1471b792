// One search for rings and what it does with each. L4, private to recovery/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/os/locked_file.h"
#include "recovery/file_finder.h"
#include "recovery/orphaned_ring.h"
#include "recovery/recovery.h"

namespace tickertape {

// Used under the lock that keeps recoveries of one process apart.
class RingSearch {
 public:
  RingSearch(const std::string& under, RecoveryAsker asker, RepairMode mode);
  RecoveryReport run();

 private:
  std::optional<RingReport> examine(const std::string& path);
  std::optional<RingReport> examine(LockedFile file);
  RingReport refusal(const std::string& path, std::string why) const;
  std::string why_not(const OrphanedRing& ring) const;
  static std::string original_of(const OrphanedRing& ring);
  bool concerns(const OrphanedRing& ring);
  std::optional<RingReport> tell_once(OrphanedRing& ring, RingReport report) const;
  static std::string whose(const OrphanedRing& ring);
  void repair_files(OrphanedRing& ring, RingReport& report);
  std::optional<RingReport> finish(OrphanedRing& ring, RingReport report) const;
  bool was_told(const std::string& path) const;
  bool is_dry_run() const { return mode_ == RepairMode::kDryRun; }

  const RecoveryAsker asker_;
  const RepairMode mode_;
  FileFinder finder_;
  bool leaves_files_ = false;  // the ring just repaired has files that were not asked for
  RecoveryReport report_;
};

}  // namespace tickertape
