// Making and moving the ring. L4.
#include "drain/ring_keeper.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/error.h"
#include "base/settings.h"

namespace tickertape {
namespace {

// The smallest ring: one step of OpRing's growth.
constexpr std::uint64_t kSmallestRing = std::uint64_t{1} << 20;

// A look costs about a microsecond (lstat).
constexpr std::int64_t kCheckIntervalNs = 250'000'000;
constexpr std::int64_t kRetryIntervalNs = 50'000'000;

void pass_on(Notices& from, Notices& to) {
  for (std::string& text : from.take()) to.add(std::move(text));
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
  if (now_ns < check_at_ns_) return;
  check_at_ns_ = now_ns + kCheckIntervalNs;
  if (ring_.mapping().is_in_place() || move()) {
    told_ = false;
  } else {
    check_at_ns_ = now_ns + kRetryIntervalNs;
  }
}

bool RingKeeper::move() {
  const std::string old_path = ring_.mapping().path();
  const std::string what = "the op ring '" + old_path + "' was deleted or renamed by somebody; ";
  SharedMapping fresh;
  try {
    Notices said;  // they say where a ring could not be made, which is news only at the beginning
    fresh = place_ring(ring_.mapping().size(), directories_, said);
  } catch (const IoError&) {  // NOLINT(bugprone-empty-catch)
    // No address space for two at a time.
  }
  if (fresh.is_file() && channels_.move_ring(fresh)) {
    fresh.empty_file();
    notices_.add(what + "it was moved to '" + ring_.mapping().path() + "', and nothing is lost");
    ring_.request_attention();
    return true;
  }
  const bool is_busy = fresh.is_file();  // a body is being written, or the place is full
  fresh.unlink();
  if (!is_busy && !told_) {
    told_ = true;
    notices_.add(what +
                 "no other place has room for it, so what is queued dies with the process if it is killed");
    ring_.request_attention();
  }
  return false;
}

}  // namespace tickertape
