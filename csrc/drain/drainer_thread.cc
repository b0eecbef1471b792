// The drainer thread. L4.
#include "drain/drainer_thread.h"

#include <chrono>
#include <exception>
#include <thread>

#include "base/os/process.h"
#include "drain/wait_hooks.h"

namespace tickertape {
namespace {

// The longest that an op waits in the ring before the thread comes by. Polling at this rate costs 0.12 % of a
// core (measured), and saves producers the 1 to 2 us of waking it.
constexpr std::chrono::milliseconds kDrainInterval{20};

}  // namespace

bool DrainerThread::start() {
  const BlockedSignals blocked;  // signal handlers belong to the program's own threads
  const std::lock_guard<std::mutex> lock(mutex_);
  try {
    std::thread([this] { run(); }).detach();  // end() waits until it has ended, with a bound
    runs_ = true;
  } catch (const std::exception&) {  // std::system_error, std::bad_alloc
    runs_ = false;
  }
  return runs_;
}

void DrainerThread::wake() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wake_requested_ = true;
  }
  wake_signal_.notify_one();
}

bool DrainerThread::runs() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return runs_;
}

void DrainerThread::run() {
  set_thread_name("tickertape-io");
  never_preempt_when_waking();  // for the reason in CodecPool::work()
  for (;;) {
    const Drainer::Round round = drainer_.drain_round();
    std::unique_lock<std::mutex> lock(mutex_);
    if (stopping_) break;
    if (round.more) {
      lock.unlock();
      // A mutex is not fair: without this a caller of flush() could wait for the whole backlog.
      if (drainer_.flush_waits()) std::this_thread::yield();
      continue;
    }
    const auto is_woken = [this] { return wake_requested_ || stopping_; };
    if (round.idle) {
      wake_signal_.wait(lock, is_woken);
    } else {
      wake_signal_.wait_for(lock, kDrainInterval, is_woken);
    }
    wake_requested_ = false;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  runs_ = false;
  ended_signal_.notify_all();
}

bool DrainerThread::end(std::uint64_t target, Drainer::Time deadline) {
  std::uint64_t tail = ring_.tail();
  for (; tail < target && runs() && std::chrono::steady_clock::now() < deadline; tail = ring_.tail()) {
    if (waitlist_.any_without_device()) wait_hooks().complete_deferred();
    wake();  // deferred values must not wait for its next round
    drainer_.wait_for_room(tail);
  }
  std::unique_lock<std::mutex> lock(mutex_);
  stopping_ = true;
  wake_signal_.notify_all();
  return ended_signal_.wait_until(lock, deadline, [this] { return !runs_; }) && ring_.tail() >= target;
}

}  // namespace tickertape
