// Draining in the calling thread. L4.
#include "drain/drainer.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/os/clock.h"
#include "base/sleep.h"
#include "drain/wait_hooks.h"

namespace tickertape {
namespace {

using std::chrono::milliseconds;

// How often a caller that waits for the drain lock asks its wait hook.
constexpr milliseconds kAskInterval{50};

// How long a caller that waits for a device sleeps at most between two polls: a poll costs less than a
// microsecond, and the caller has nothing else to do.
constexpr std::chrono::microseconds kLongestNap{1000};

// flush() returns ENOMEM after an op has found no memory this often, kRecheckInterval apart.
constexpr unsigned kMemoryFailuresOfFlush = 20;

}  // namespace

// One step of the sequencer; true if it is worth calling again at once. Under the drain lock.
bool Drainer::step() {
  if (ring_.is_cut() && !mend_ring()) return false;
  channels_.take_closing([this](Channel& channel) { sequencer_.close_when_written(channel); });
  waitlist_.poll();
  const bool more = sequencer_.step();
  // Each 4 KiB of memory that was not touched before costs a page fault, 12 of the 75 ns of a scalar
  // (measured).
  if (!more) sequencer_.start_over();
  {
    // A caller that found no room before this is waiting for the signal by now.
    const std::lock_guard<std::mutex> lock(room_mutex_);
  }
  room_signal_.notify_all();
  return more;
}

// Somebody has cut off the ring's file. Forgets what was queued and may be gone, counts it, and goes on with
// what was accepted since. False if that has to wait for a call that is storing a body.
bool Drainer::mend_ring() {
  std::uint64_t kept = 0;
  const std::optional<OpRing::Cut> cut = channels_.mend_ring(kept);
  if (!cut) return false;
  waitlist_.forget_before(cut->position);
  sequencer_.skip_to(cut->position);
  const std::uint64_t done = counters_.events_written.load(std::memory_order_relaxed) +
                             counters_.events_not_encoded.load(std::memory_order_relaxed);
  const std::uint64_t lost = cut->accepted - std::min(cut->accepted, done + kept);
  Counters::add(counters_.events_dropped, lost);
  Counters::add(counters_.events_not_encoded, lost);
  keeper_.note_cut(lost);
  return true;
}

// step() for callers that cannot pass an exception on: the drainer thread, destructors, and the end of the
// process. Nothing is lost by an exception: the next step goes on where this one stopped.
bool Drainer::try_step() noexcept {
  return contained([this] { return step(); });
}

template <typename Step>
bool Drainer::contained(Step step_once) noexcept {
  try {
    const bool more = step_once();
    told_of_unexpected_ = false;
    return more;
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // There may be memory at the next step.
  } catch (const std::exception& error) {
    report_unexpected(error.what());
  } catch (...) {
    report_unexpected("unknown error");
  }
  return false;
}

void Drainer::report_unexpected(const char* what) noexcept {
  Counters::add(counters_.internal_errors, 1);
  if (std::exchange(told_of_unexpected_, true)) return;
  try {
    notices_.add(std::string("writing stopped at an unexpected error: ") + what +
                 "; what is logged stays queued and is tried again (said once until writing goes on)");
  } catch (const std::bad_alloc&) {
    return;  // out of memory: the counter is the only trace
  }
  ring_.request_attention();
}

void Drainer::wait_for_room(std::uint64_t seen_tail) {
  std::unique_lock<std::mutex> lock(room_mutex_);
  room_signal_.wait_for(lock, kRecheckInterval, [&] { return ring_.tail() != seen_tail; });
}

// --- The drain lock

// Waits for the drain lock, however long the disk keeps its holder. The result does not own it if give_up()
// was called: then the disk hangs, and would also hang the next thread that writes.
Drainer::Lock Drainer::lock(Wait wait) {
  Lock drain(drain_, std::defer_lock);
  if (has_given_up() || drain.try_lock()) return drain;
  flushers_waiting_.fetch_add(1, std::memory_order_relaxed);
  bool is_over = false;
  while (!is_over && !has_given_up()) {
    // With the system's clock, because ThreadSanitizer of GCC 12 does not know the other wait.
    if (drain.try_lock_until(std::chrono::system_clock::now() + kAskInterval)) break;
    is_over = wait == Wait::kUntilInterrupted && wait_hooks().is_over();
  }
  flushers_waiting_.fetch_sub(1, std::memory_order_relaxed);
  if (is_over) throw Interrupted();
  return drain;
}

// Releases the drain lock until a codec has finished since the count was `seen_finished`, or runs the codec
// itself. Afterwards `drain_lock` is as lock() returns it.
void Drainer::wait_for_codec(Lock& drain_lock, std::uint64_t seen_finished, Wait wait) {
  drain_lock.unlock();
  if (!pool_.run_one()) pool_.wait_for_finished(seen_finished, kRecheckInterval);
  drain_lock = lock(wait);
}

// How long a caller has waited for a device.
struct Drainer::DeviceWait {
  std::chrono::microseconds nap{20};
  Time ask_at = std::chrono::steady_clock::now() + kAskInterval;
};

// Releases the drain lock for a moment, each time for longer. Afterwards as wait_for_codec().
void Drainer::wait_for_device(Lock& drain_lock, DeviceWait& so_far) {
  drain_lock.unlock();
  if (waitlist_.any_without_device()) wait_hooks().complete_deferred();
  sleep_for(so_far.nap);
  so_far.nap = std::min(2 * so_far.nap, kLongestNap);
  const auto now = std::chrono::steady_clock::now();
  if (now >= so_far.ask_at) {
    so_far.ask_at = now + kAskInterval;
    if (wait_hooks().is_over()) throw Interrupted();
  }
  drain_lock = lock(Wait::kUntilInterrupted);
}

// The same without sleeping, at the end of the process.
void Drainer::complete_deferred(Lock& drain_lock) {
  if (!waitlist_.any_without_device() || !drain_lock.owns_lock()) return;
  drain_lock.unlock();
  wait_hooks().complete_deferred();
  drain_lock = lock(Wait::kToTheEnd);
}

// --- Who drains

int Drainer::flush(Channel& channel, DeferredValues deferred) {
  // Relaxed: a caller sees its own pushes; the order with pushes of other threads is up to those threads.
  const std::uint64_t target = channel.pushed.load(std::memory_order_relaxed);
  const auto is_written = [&] { return channel.committed.load(std::memory_order_acquire) >= target; };
  if (is_written()) return 0;
  Lock drain = lock(Wait::kUntilInterrupted);
  if (drain.owns_lock()) sequencer_.retry_now(channel);
  DeviceWait so_far;
  while (!is_written()) {
    if (!drain.owns_lock()) return ETIMEDOUT;
    const std::uint64_t finished = pool_.finished();
    const bool more = step();
    if (channel.error_number != 0) return channel.error_number;
    if (channel.memory_failures > kMemoryFailuresOfFlush) return ENOMEM;
    if (more || is_written()) continue;
    if (!sequencer_.waits_for_device(channel)) {
      wait_for_codec(drain, finished, Wait::kUntilInterrupted);
    } else if (deferred == DeferredValues::kLeave) {
      return 0;
    } else {
      wait_for_device(drain, so_far);
    }
  }
  return 0;
}

void Drainer::drain_all(Wait wait) {
  Lock drain = lock(wait);
  while (drain.owns_lock()) {
    const std::uint64_t finished = pool_.finished();
    if (try_step()) continue;
    if (!sequencer_.waits_for_codec()) return;
    wait_for_codec(drain, finished, wait);
  }
}

void Drainer::try_drain() noexcept {
  if (const Lock drain(drain_, std::try_to_lock); drain.owns_lock()) try_step();
}

Drainer::Round Drainer::drain_round() noexcept {
  const std::lock_guard<std::timed_mutex> drain(drain_);
  const std::int64_t now_ns = monotonic_ns();
  const bool more = contained([&] {
    keeper_.check(now_ns);
    return step();
  });
  const bool shrinks = ring_.trim(now_ns);
  const bool any_open = counters_.writers_open.load(std::memory_order_relaxed) != 0;
  return {more, sequencer_.is_idle() && !shrinks && !any_open};
}

bool Drainer::drain_until(std::uint64_t target, Time deadline) {
  const auto is_written = [&] { return ring_.tail() >= target && sequencer_.is_idle(); };
  Lock drain(drain_, std::try_to_lock);
  while (!drain.owns_lock()) {  // flush() in another thread, which may be stuck
    if (std::chrono::steady_clock::now() >= deadline) return false;
    sleep_for(milliseconds(1));
    (void)drain.try_lock();
  }
  while (!is_written()) {
    const std::uint64_t finished = pool_.finished();
    const bool more = try_step();
    if (std::chrono::steady_clock::now() >= deadline) return ring_.tail() >= target;
    if (!more && !is_written()) {
      wait_for_codec(drain, finished, Wait::kToTheEnd);
      complete_deferred(drain);
    }
    if (!drain.owns_lock()) return false;
  }
  return true;
}

std::uint64_t Drainer::give_up_deferred_values() {
  const Lock drain(drain_, std::try_to_lock);
  if (!drain.owns_lock()) return 0;  // another thread hangs in a disk, and this one would, too
  const std::uint64_t given_up = waitlist_.give_up();
  if (given_up == 0) return 0;
  do {
    while (try_step()) {
    }
  } while (sequencer_.waits_for_codec() && pool_.run_one());
  return given_up;
}

}  // namespace tickertape
