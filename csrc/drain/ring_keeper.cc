// Making and moving the ring. L4.
#include "drain/ring_keeper.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>

#include "base/error.h"
#include "base/settings.h"

namespace tickertape {
namespace {

// The smallest ring: one step of OpRing's growth.
constexpr std::uint64_t kSmallestRing = std::uint64_t{1} << 20;

// A look costs some microseconds (three times lstat).
constexpr std::int64_t kCheckIntervalNs = 250'000'000;
constexpr std::int64_t kRetryIntervalNs = 50'000'000;

void pass_on(Notices& from, Notices& to) {
  for (const Notice& notice : from.take()) to.add(notice.text);
}

std::string mib(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

SharedMapping place_largest_ring(Notices& notices, std::uint64_t& capacity) {
  const std::uint64_t wanted = settings::queue_bytes();
  const std::vector<std::string> directories = ring_directory_paths();
  for (capacity = wanted;; capacity = std::max(capacity / 2, kSmallestRing)) {
    try {
      Notices said;
      SharedMapping mapping = place_ring(OpRing::mapping_bytes(capacity), directories, said);
      pass_on(said, notices);
      if (capacity < wanted) {
        notices.add("the queue has " + mib(capacity) + " instead of " + mib(wanted) +
                    ", because address space is limited (ulimit -v); calls wait for the disk sooner");
      }
      return mapping;
    } catch (const IoError& error) {
      if (error.error_number() != ENOMEM || capacity == kSmallestRing) throw;
    }
  }
}

void RingKeeper::check(std::int64_t now_ns) {
  SharedMapping::keep_handler();
  if (now_ns < check_at_ns_) return;
  check_at_ns_ = now_ns + kCheckIntervalNs;
  ring_.find_cut();  // the next step of the drainer mends it
  if (is_safe() || move()) {
    told_ = false;
  } else {
    check_at_ns_ = now_ns + kRetryIntervalNs;
  }
}

// True if recovery would find the ring, whole.
bool RingKeeper::is_safe() const {
  const SharedMapping& mapping = ring_.mapping();
  return mapping.is_in_place() && !mapping.is_cut() &&
         (!mapping.is_file() || problem_around(mapping.path()).empty());
}

bool RingKeeper::move() {
  if (ring_.is_cut()) return false;
  const bool was_cut = ring_.mapping().is_cut();  // which is noted already
  const bool was_in_place = ring_.mapping().is_in_place();
  const std::string what =
      "the op ring '" + ring_.mapping().path() + "' " +
      (was_cut        ? "was cut off by somebody; "
       : was_in_place ? "is where recovery does not look, because somebody has changed its directory; "
                      : "was deleted or renamed by somebody; ");
  SharedMapping fresh;
  std::string problems;
  try {
    fresh = place_ring_file(ring_.mapping().size(), directories_, problems);
  } catch (const IoError& error) {
    problems += std::string(error.what()) + "; ";  // no address space for two at a time
  }
  if (fresh.is_file() && channels_.move_ring(fresh)) {
    fresh.empty_file();
    if (was_cut || was_in_place) fresh.unlink();
    if (!was_cut) {
      notices_.add(what + "it was moved to '" + ring_.mapping().path() + "', and nothing is lost");
      ring_.request_attention();
    }
    return true;
  }
  const bool is_busy = fresh.is_file();  // a body is being written, or the place is full
  fresh.unlink();
  if (!is_busy && !told_) {
    told_ = true;
    notices_.add(what + "it cannot be moved: " + problems +
                 "what is queued is lost if the process is killed");
    ring_.request_attention();
  }
  return false;
}

void RingKeeper::note_cut(std::uint64_t events_lost) noexcept {
  check_at_ns_ = 0;
  try {
    notices_.add("the op ring '" + ring_.mapping().path() + "' was cut off by somebody; " +
                 std::to_string(events_lost) +
                 " events that were queued are lost, and logging goes on in another ring");
  } catch (const std::bad_alloc&) {
    return;  // out of memory: the counter is the only trace
  }
  ring_.request_attention();
}

}  // namespace tickertape
