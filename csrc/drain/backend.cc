// The backend: its thread, and what callers do with it. L4.
#include "drain/backend.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/os/clock.h"
#include "base/os/process.h"
#include "base/settings.h"
#include "base/version.h"
#include "queue/ring_location.h"

namespace tickertape {
namespace {

using std::chrono::milliseconds;

// The longest that an op lies in the ring before the drainer comes by; polling at this rate costs 0.12 % of a
// core (measured), and spares producers the 1 to 2 us of waking it.
constexpr milliseconds kDrainInterval{20};

// How long a caller waits at most before it looks again by itself, should a signal have been missed.
constexpr milliseconds kRecheckInterval{5};

// How often a caller that waits for the drain lock asks its wait hook.
constexpr milliseconds kAskInterval{50};

// A caller that waits for a device looks at it this often in the end: a query costs less than a microsecond,
// and who waits has nothing better to do.
constexpr std::chrono::microseconds kLongestNap{1000};

// How often flush() sees an op find no memory before it gives up waiting; each time is kRecheckInterval.
constexpr unsigned kMemoryFailuresOfFlush = 20;

// Makes sure that `vector` can grow to `count` + 1 without an allocation.
template <typename Vector>
void reserve_one_more(Vector& vector, std::size_t count) {
  if (vector.capacity() <= count) vector.reserve(2 * count + 16);
}

}  // namespace

Backend::Backend()
    : ring_(place_ring(OpRing::mapping_bytes(settings::queue_bytes()), notices_), settings::queue_bytes(),
            library_version()),
      names_(ring_),
      pool_(settings::codec_threads()),
      waitlist_(ring_, notices_, counters_, settings::device_timeout_seconds()),
      sequencer_(ring_, names_, pool_, notices_, counters_, [this](Channel& channel) { forget(channel); }) {
  exit_seconds_left_ = settings::exit_timeout_seconds();
  pool_.set_on_finished([](void* backend) { static_cast<Backend*>(backend)->wake(); }, this);
  if (notices_.any()) ring_.request_attention();
}

// How long a caller waits for a device already.
struct Backend::DeviceWait {
  std::chrono::microseconds nap{20};
  std::chrono::steady_clock::time_point ask_at = std::chrono::steady_clock::now() + kAskInterval;
};

// --- Files
// ---------------------------------------------------------------------------------------------------------

Channel& Backend::open(SinkPlan plan, Name*& writer_name) {
  const std::lock_guard<std::mutex> lock(registry_);
  reserve_one_more(channels_, channels_.size());
  // Room for its end, which must not fail.
  reserve_one_more(free_slots_, next_slot_);
  reserve_one_more(to_close_, channels_.size());
  const std::uint32_t index = take_slot();
  ring_layout::CommitSlot* slot = ring_.slot(index);
  if (slot == nullptr) {
    free_slots_.push_back(index);
    throw IoError(ENOSPC, ring_.mapping().path(), "no room for another writer in op ring");
  }
  const std::string path = plan.sink->path();
  slot->commit(ring_.head(), plan.sink->size());
  auto channel = std::make_unique<Channel>(std::move(plan), index, slot);
  writer_name = names_.add_writer(*channel, index, path);
  channel->name = writer_name;
  channels_.push_back(std::move(channel));
  Counters::add(counters_.writers_open, 1);
  wake();  // the drainer sleeps for good while no file is open
  return *channels_.back();
}

std::uint32_t Backend::take_slot() {
  if (free_slots_.empty()) {
    if (next_slot_ == ring_layout::kMaxWriters) {
      throw ArgumentError("too many writers are open: " + std::to_string(ring_layout::kMaxWriters));
    }
    return next_slot_++;
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void Backend::close(Channel& channel) {
  // After push_back() the channel may be gone at any moment.
  const bool is_written =
      channel.committed.load(std::memory_order_acquire) >= channel.pushed.load(std::memory_order_relaxed);
  {
    const std::lock_guard<std::mutex> lock(registry_);
    to_close_.push_back(&channel);
  }
  try {
    if (synchronous_.load(std::memory_order_acquire)) {
      drain_here(Wait::kToTheEnd);
    } else if (is_written) {
      if (const DrainLock drain(drain_, std::try_to_lock); drain.owns_lock()) step_under_lock();
    } else {
      wake();
    }
  } catch (const std::bad_alloc&) {  // in a destructor, perhaps
    wake();                          // there may be memory when somebody comes by again
  }
}

// Called by the sequencer, under the drain lock.
void Backend::forget(Channel& channel) {
  std::unique_ptr<Channel> gone;  // closes its file when the registry is free again: the disk may take long
  const std::lock_guard<std::mutex> lock(registry_);
  free_slots_.push_back(channel.slot_index);
  const auto found =
      std::find_if(channels_.begin(), channels_.end(),
                   [&](const std::unique_ptr<Channel>& open) { return open.get() == &channel; });
  gone = std::move(*found);
  channels_.erase(found);
  counters_.writers_open.fetch_sub(1, std::memory_order_relaxed);
  if (channels_.empty() && sequencer_.has_taken_everything()) {
    names_.reset();
    sequencer_.forget_names();
  }
}

int Backend::flush(Channel& channel, DeferredValues deferred) {
  // Relaxed: the caller's own pushes are visible to it; those of other threads are theirs to order.
  const std::uint64_t target = channel.pushed.load(std::memory_order_relaxed);
  const auto is_written = [&] { return channel.committed.load(std::memory_order_acquire) >= target; };
  if (is_written()) return 0;
  DrainLock drain = lock_drain(Wait::kUntilInterrupted);
  if (drain.owns_lock()) sequencer_.retry_now(channel);
  DeviceWait so_far;
  while (!is_written()) {
    if (!drain.owns_lock()) return ETIMEDOUT;
    const std::uint64_t finished = pool_.finished();
    const bool more = step_under_lock();
    if (channel.error_number != 0) return channel.error_number;
    if (channel.memory_failures > kMemoryFailuresOfFlush) return ENOMEM;
    if (more || is_written()) continue;
    if (!sequencer_.waits_for_device(channel)) {
      wait_for_progress(drain, finished, Wait::kUntilInterrupted);
    } else if (deferred == DeferredValues::kLeave) {
      return 0;
    } else {
      wait_for_device(drain, so_far);
    }
  }
  return 0;
}

// --- Draining
// ------------------------------------------------------------------------------------------------------

bool Backend::step_under_lock() {
  {
    const std::lock_guard<std::mutex> lock(registry_);
    for (Channel* channel : to_close_) sequencer_.close_when_written(*channel);
    to_close_.clear();
  }
  waitlist_.poll();
  const bool more = sequencer_.step();
  // Each 4 KiB of memory that was not touched before cost a page fault, 12 of the 75 ns of a scalar
  // (measured).
  if (!more) sequencer_.start_over();
  {
    const std::lock_guard<std::mutex> lock(wake_mutex_);
  }  // whoever looked for room before is waiting by now
  room_signal_.notify_all();
  return more;
}

// The drain lock, however long the disk holds on to whoever has it; not owned once nobody waits any more:
// then the disk hangs, and would hang the next one who writes.
Backend::DrainLock Backend::lock_drain(Wait wait) {
  DrainLock drain(drain_, std::defer_lock);
  if (gave_up_.load(std::memory_order_relaxed) || drain.try_lock()) return drain;
  flushers_waiting_.fetch_add(1, std::memory_order_relaxed);
  bool is_over = false;
  while (!is_over && !gave_up_.load(std::memory_order_relaxed)) {
    // By the system's clock, since ThreadSanitizer of GCC 12 does not know the other wait.
    if (drain.try_lock_until(std::chrono::system_clock::now() + kAskInterval)) break;
    is_over = wait == Wait::kUntilInterrupted && wait_hooks_.is_over();
  }
  flushers_waiting_.fetch_sub(1, std::memory_order_relaxed);
  if (is_over) throw Interrupted();
  return drain;
}

// Gives up the drain lock until a codec has finished since the count was `seen_finished`, or does its work
// itself. Afterwards the lock is owned, or nobody waits any more.
void Backend::wait_for_progress(DrainLock& drain_lock, std::uint64_t seen_finished, Wait wait) {
  drain_lock.unlock();
  if (!pool_.run_one()) pool_.wait_for_finished(seen_finished, kRecheckInterval);
  drain_lock = lock_drain(wait);
}

// Gives up the drain lock for a moment, a longer one each time. Afterwards as wait_for_progress().
void Backend::wait_for_device(DrainLock& drain_lock, DeviceWait& so_far) {
  drain_lock.unlock();
  if (waitlist_.any_without_device()) wait_hooks_.complete_deferred();
  std::this_thread::sleep_for(so_far.nap);
  so_far.nap = std::min(2 * so_far.nap, kLongestNap);
  const auto now = std::chrono::steady_clock::now();
  if (now >= so_far.ask_at) {
    so_far.ask_at = now + kAskInterval;
    if (wait_hooks_.is_over()) throw Interrupted();
  }
  drain_lock = lock_drain(Wait::kUntilInterrupted);
}

bool Backend::wait_for_room(std::uint64_t seen_tail) {
  if (gave_up_.load(std::memory_order_relaxed)) return false;
  const std::int64_t start = monotonic_ns();
  void* const context = wait_hooks_.begin();
  if (synchronous_.load(std::memory_order_acquire)) drain_here(Wait::kToTheEnd);
  {
    std::unique_lock<std::mutex> lock(wake_mutex_);
    wake_requested_ = true;
    wake_signal_.notify_one();
    room_signal_.wait_for(lock, kRecheckInterval, [&] { return ring_.tail() != seen_tail; });
  }
  wait_hooks_.end(context);
  Counters::add(counters_.wait_ns, static_cast<std::uint64_t>(monotonic_ns() - start));
  if (wait_hooks_.is_over()) throw Interrupted();
  return true;
}

void Backend::wake_or_drain() {
  if (synchronous_.load(std::memory_order_acquire)) {
    ring_.request_attention();  // the next one, too, shall be written at once
    drain_here(Wait::kToTheEnd);
  } else {
    wake();
  }
}

// Writes everything that can be written, in the calling thread.
void Backend::drain_here(Wait wait) {
  DrainLock drain = lock_drain(wait);
  while (drain.owns_lock()) {
    const std::uint64_t finished = pool_.finished();
    if (step_under_lock()) continue;
    if (!sequencer_.waits_for_codec()) return;
    wait_for_progress(drain, finished, wait);
  }
}

void Backend::wake() {
  {
    const std::lock_guard<std::mutex> lock(wake_mutex_);
    wake_requested_ = true;
  }
  wake_signal_.notify_one();
}

// The drainer thread.
void Backend::run() {
  set_thread_name("tickertape-io");
  never_preempt_when_waking();  // as in the codec pool
  for (;;) {
    bool more;
    bool idle;
    {
      const std::lock_guard<std::timed_mutex> drain(drain_);
      try {
        more = step_under_lock();
      } catch (const std::bad_alloc&) {
        more = false;  // there may be memory when it comes by again
      }
      const bool shrinks = ring_.trim(monotonic_ns());
      idle = sequencer_.is_idle() && !shrinks && counters_.writers_open.load(std::memory_order_relaxed) == 0;
    }
    std::unique_lock<std::mutex> lock(wake_mutex_);
    if (stopping_) break;
    if (more) {
      lock.unlock();
      // A mutex is not fair: without this a caller of flush() could wait for the whole backlog.
      if (flushers_waiting_.load(std::memory_order_relaxed) != 0) std::this_thread::yield();
      continue;
    }
    const auto woken = [this] { return wake_requested_ || stopping_; };
    if (idle) {
      wake_signal_.wait(lock, woken);
    } else {
      wake_signal_.wait_for(lock, kDrainInterval, woken);
    }
    wake_requested_ = false;
  }
  const std::lock_guard<std::mutex> lock(wake_mutex_);
  thread_runs_ = false;
  stopped_signal_.notify_all();
}

std::uint64_t Backend::stop() {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto deadline =
      start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(exit_seconds_left_));
  synchronous_.store(true, std::memory_order_release);  // pairs with producers' slow paths
  ring_.request_attention();
  // What comes later is written by its caller, so a thread that goes on logging does not keep us.
  const std::uint64_t target = ring_.head();
  if (!wait_for_drainer(target, deadline) || !drain_until(target, deadline))
    gave_up_.store(true, std::memory_order_relaxed);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  exit_seconds_left_ = std::max(exit_seconds_left_ - seconds, 0.0);
  return events_queued();
}

// Has the drainer write everything before `target`, then end: a disk that hangs shall hang it and not us.
// False where the time is over; a drainer that is stuck is left behind.
bool Backend::wait_for_drainer(std::uint64_t target, std::chrono::steady_clock::time_point deadline) {
  std::unique_lock<std::mutex> lock(wake_mutex_);
  wake_requested_ = true;
  wake_signal_.notify_all();
  const auto is_over = [&] { return ring_.tail() >= target || !thread_runs_; };
  bool is_written = room_signal_.wait_for(lock, kRecheckInterval, is_over);
  while (!is_written && std::chrono::steady_clock::now() < deadline) {
    if (waitlist_.any_without_device()) {
      lock.unlock();
      wait_hooks_.complete_deferred();
      lock.lock();
    }
    wake_requested_ = true;  // deferred values shall not wait for the drainer's next round
    wake_signal_.notify_all();
    is_written = room_signal_.wait_for(lock, kRecheckInterval, is_over);
  }
  stopping_ = true;
  wake_signal_.notify_all();
  return stopped_signal_.wait_until(lock, deadline, [this] { return !thread_runs_; }) && is_written;
}

// The same in this thread, for what there was no drainer for.
bool Backend::drain_until(std::uint64_t target, std::chrono::steady_clock::time_point deadline) {
  const auto is_written = [&] { return ring_.tail() >= target && sequencer_.is_idle(); };
  DrainLock drain(drain_, std::try_to_lock);
  while (!drain.owns_lock()) {  // flush() in another thread, perhaps stuck
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
    (void)drain.try_lock();
  }
  while (!is_written()) {
    const std::uint64_t finished = pool_.finished();
    bool more = false;
    try {
      more = step_under_lock();
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(milliseconds(1));  // other threads may give some back
    }
    if (std::chrono::steady_clock::now() >= deadline) return ring_.tail() >= target;
    if (!more && !is_written()) {
      wait_for_progress(drain, finished, Wait::kToTheEnd);
      if (waitlist_.any_without_device() && drain.owns_lock()) {
        drain.unlock();
        wait_hooks_.complete_deferred();
        drain = lock_drain(Wait::kToTheEnd);
      }
    }
    if (!drain.owns_lock()) return false;
  }
  return true;
}

void Backend::finish() {
  std::uint64_t left = stop();
  if (left != 0 && give_up_deferred_values() != 0) left = events_queued();
  if (left != 0) {
    say_what_is_left();
  } else if (ring_.head() == ring_.tail()) {
    ring_.mapping().unlink();
  }
}

std::uint64_t Backend::events_queued() {
  const auto load = [](const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  // In this order: what is counted in between was accepted before.
  const std::uint64_t done = load(counters_.events_written) + load(counters_.events_not_encoded);
  return ring_.accepted() - done;
}

}  // namespace tickertape
