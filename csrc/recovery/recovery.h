// Recovers what dead processes had accepted and no file has: from the rings they left, into their event
// files. L4.
//
// May be killed at any moment and run again: nothing is doubled. A ring is removed when everything in it is
// in its files, and not before: what is not found may be on a disk that is not mounted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "queue/notices.h"
#include "recovery/file_repair.h"

namespace tickertape {

// What became of one ring.
struct RingReport {
  std::string ring;              // its path
  std::uint32_t process_id = 0;  // who left it; 0: not known
  std::vector<RepairedFile> files;
  std::uint64_t events_unread = 0;  // passed over because of damage; they stay in the ring
  std::string problem;              // why it was left alone, or could be read in part only; "" if all is well
  bool is_removed = false;          // nothing is left in it
  bool is_dry_run = false;          // events() is how many would be recovered

  std::uint64_t events() const;
  std::uint64_t events_lost() const;
  std::uint64_t events_kept() const;
  // Sentences for the user; none if there was nothing to recover.
  std::vector<std::string> words() const;
};

struct RecoveryReport {
  std::vector<RingReport> rings;  // not those of living processes, nor those that do not concern `under`
  std::uint64_t living = 0;       // rings of living processes
};

// Who asked for recovery. For an opened directory only rings of this boot of the machine are used.
enum class RecoveryAsker { kUser, kOpenedDirectory };

// Reads every ring that a dead process of this user left in ring_directories(), and repairs those of its
// event files that are below the directory `under` or have been moved there (kOpenedDirectory: directly into
// it); "" is all. Waits if another thread is at it. Never throws for what it finds; IoError if there is no
// directory `under`.
RecoveryReport recover_rings(const std::string& under, RecoveryAsker asker = RecoveryAsker::kUser,
                             RepairMode mode = RepairMode::kRepair);

// The rings that could be read in part only, and are kept for whoever wants to look at them.
std::vector<std::string> damaged_rings();

// Removes a ring with everything in it, for good. Throws ArgumentError if `ring` is not the path of a ring
// that a dead process left in one of ring_directories(), damaged or not, IoError if it cannot be removed.
void discard_ring(const std::string& ring);

// Called when a writer opens `log_dir`, which existed before or not: recover_rings() if that can matter,
// its words to `notices`. Never throws.
void recover_at_opening(const std::string& log_dir, bool was_there, Notices& notices) noexcept;

}  // namespace tickertape
