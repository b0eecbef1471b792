// Brings home what dead processes had accepted and no file has: from the rings they left, into their event
// files. L4.
//
// May be killed at any moment and run again: nothing is doubled. A ring goes when everything in it is home.
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
  std::string problem;      // why it was left alone, or could be read in part only; "" where all is well
  bool is_removed = false;  // nothing is left in it

  std::uint64_t events() const;
  std::uint64_t events_lost() const;
  // Sentences for the user; none where there was nothing to bring home.
  std::vector<std::string> words() const;
};

struct RecoveryReport {
  std::vector<RingReport>
      rings;  // not those of living processes, nor those that have nothing to do with `under`
};

// Who asks. An opened directory takes only what is safe beyond doubt: rings of this boot of the machine.
enum class RecoveryAsker { kUser, kOpenedDirectory };

// Reads every ring that a dead process of this user left in ring_directory() or below `under`
// (kOpenedDirectory: directly in it) and had an event file under the directory `under` open; "" is all. Waits
// where another thread is at it. Never throws for what it finds; IoError where `under` cannot be resolved.
RecoveryReport recover_rings(const std::string& under, RecoveryAsker asker = RecoveryAsker::kUser);

// Called when a writer opens `log_dir`, which was there before or not: recover_rings() where that can matter,
// its words to `notices`. Never throws.
void recover_at_opening(const std::string& log_dir, bool was_there, Notices& notices) noexcept;

}  // namespace tickertape
