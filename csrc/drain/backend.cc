// The backend: its parts, and how it ends. L4.
#include "drain/backend.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/os/clock.h"
#include "base/settings.h"
#include "base/version.h"
#include "drain/ring_keeper.h"
#include "drain/wait_hooks.h"

namespace tickertape {

Backend::Backend()
    // In braces: place_largest_ring() sets queue_bytes_ before it is read.
    : ring_{place_largest_ring(notices_, queue_bytes_), queue_bytes_, library_version()},
      names_(ring_),
      pool_(settings::codec_threads()),
      waitlist_(ring_, notices_, counters_, settings::device_timeout_seconds()),
      channels_(ring_, names_, counters_),
      drainer_(ring_, names_, pool_, waitlist_, channels_, notices_, counters_),
      thread_(drainer_, ring_, waitlist_),
      exit_seconds_left_(settings::exit_timeout_seconds()) {
  pool_.set_on_finished([](void* backend) { static_cast<Backend*>(backend)->thread_.wake(); }, this);
  if (!thread_.start()) synchronous_.store(true, std::memory_order_release);
  if (synchronous_.load(std::memory_order_relaxed) || notices_.any()) ring_.request_attention();
}

// --- Files

Channel& Backend::open(SinkPlan plan) {
  Channel& channel = channels_.open(std::move(plan));
  thread_.wake();  // it sleeps without a timeout while no file is open
  return channel;
}

void Backend::close(Channel& channel) noexcept {
  // After request_close() the channel may be gone.
  const bool is_written =
      channel.committed.load(std::memory_order_acquire) >= channel.pushed.load(std::memory_order_relaxed);
  channels_.request_close(channel);
  if (synchronous_.load(std::memory_order_acquire)) {
    drainer_.drain_all(Drainer::Wait::kToTheEnd);
  } else if (is_written) {
    drainer_.try_drain();
  } else {
    thread_.wake();
  }
}

// --- Producers' slow paths

bool Backend::wait_for_room(std::uint64_t seen_tail) {
  if (drainer_.has_given_up()) return false;
  const std::int64_t start = monotonic_ns();
  void* const context = wait_hooks().begin();
  if (synchronous_.load(std::memory_order_acquire)) drainer_.drain_all(Drainer::Wait::kToTheEnd);
  thread_.wake();
  drainer_.wait_for_room(seen_tail);
  wait_hooks().end(context);
  Counters::add(counters_.wait_ns, static_cast<std::uint64_t>(monotonic_ns() - start));
  if (wait_hooks().is_over()) throw Interrupted();
  return true;
}

void Backend::wake_or_drain() {
  if (synchronous_.load(std::memory_order_acquire)) {
    ring_.request_attention();  // the next op, too, is to be written at once
    drainer_.drain_all(Drainer::Wait::kToTheEnd);
  } else {
    thread_.wake();
  }
}

std::uint64_t Backend::events_queued() {
  const auto load = [](const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  // In this order: whatever is counted in between was accepted before.
  const std::uint64_t done = load(counters_.events_written) + load(counters_.events_not_encoded);
  return ring_.accepted() - done;
}

// --- The end

std::uint64_t Backend::stop() {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto deadline =
      start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(exit_seconds_left_));
  synchronous_.store(true, std::memory_order_release);  // pairs with the loads on producers' slow paths
  ring_.request_attention();
  // What is pushed later is written by its caller, so a thread that goes on logging does not keep us here.
  const std::uint64_t target = ring_.head();
  if (!thread_.end(target, deadline) || !drainer_.drain_until(target, deadline)) drainer_.give_up();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  exit_seconds_left_ = std::max(exit_seconds_left_ - seconds, 0.0);
  return events_queued();
}

void Backend::finish() {
  std::uint64_t left = stop();
  if (left != 0) {
    if (const std::uint64_t given_up = drainer_.give_up_deferred_values(); given_up != 0) {
      std::fprintf(
          stderr,
          "tickertape: %llu events waited for a value from a device when the process ended and are lost\n",
          static_cast<unsigned long long>(given_up));
      left = events_queued();
    }
  }
  if (left != 0) {
    say_what_is_left();
  } else if (ring_.head() == ring_.tail()) {
    ring_.mapping().unlink();
  }
}

void Backend::say_what_is_left() {
  const auto count = static_cast<unsigned long long>(events_queued());
  const double seconds = settings::exit_timeout_seconds();
  if (ring_.mapping().is_file()) {
    std::fprintf(
        stderr,
        "tickertape: %llu events could not be written within %g s and stay in '%s'; the next writer on "
        "their directory, or `tickertape repair`, recovers them\n",
        count, seconds, ring_.mapping().path().c_str());
  } else {
    std::fprintf(stderr, "tickertape: %llu events could not be written within %g s and are lost\n", count,
                 seconds);
  }
}

}  // namespace tickertape
