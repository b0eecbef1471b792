// The codec pool. L4.
#include "drain/codec_pool.h"

#include <exception>
#include <new>
#include <utility>
#include <vector>

#include "base/os/process.h"
#include "tfrecord/record_writer.h"

namespace tickertape {

void Job::run(Executor& executor) noexcept {
  try {
    RecordBuilder frame(record);
    report = encode_event(op, tag, record, &executor);
    frame.finish();
  } catch (...) {
    error = std::current_exception();
  }
}

void CodecPool::submit(std::shared_ptr<Job> job) {
  bool run_here = false;
  std::unique_lock<std::mutex> lock(mutex_);
  waiting_.push_back(std::move(job));
  unfinished_.fetch_add(1, std::memory_order_relaxed);
  if (threads_.size() < unfinished_.load(std::memory_order_relaxed) && !start_thread()) {
    run_here = threads_.empty();  // those that exist run the job, or the caller does
  }
  has_job_.notify_one();
  lock.unlock();
  if (run_here) run_one();
}

bool CodecPool::run_one() {
  std::shared_ptr<Job> job;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (Parts* parts = open_parts(); parts != nullptr) {
      help(*parts, lock);
      return true;
    }
    if (waiting_.empty()) return false;
    job = std::move(waiting_.front());
    waiting_.pop_front();
  }
  run(*job);
  return true;
}

bool CodecPool::start_thread() {
  if (threads_.size() >= thread_limit_) return true;
  const BlockedSignals blocked;
  try {
    threads_.emplace_back([this] { work(); });
  } catch (const std::exception&) {  // std::system_error, std::bad_alloc
    return false;
  }
  return true;
}

void CodecPool::Parts::take_all() noexcept {
  try {
    for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) run(i);
  } catch (...) {
    next.store(count, std::memory_order_relaxed);
    if (!failed.exchange(true, std::memory_order_relaxed)) error = std::current_exception();
  }
}

CodecPool::Parts* CodecPool::open_parts() {
  for (Parts* parts : parts_) {
    if (!parts->is_taken()) return parts;
  }
  return nullptr;
}

void CodecPool::help(Parts& parts, std::unique_lock<std::mutex>& lock) {
  ++parts.helpers;  // keeps `parts` alive: its call waits for 0
  lock.unlock();
  parts.take_all();
  lock.lock();
  if (--parts.helpers == 0) has_finished_.notify_all();
}

void CodecPool::run_parts(std::size_t count, const std::function<void(std::size_t)>& part) {
  Parts parts{part, count};
  std::unique_lock<std::mutex> lock(mutex_);
  try {
    parts_.push_back(&parts);
  } catch (const std::bad_alloc&) {
    lock.unlock();
    parts.take_all();  // alone
    if (parts.error) std::rethrow_exception(parts.error);
    return;
  }
  // A thread a call is enough to grow by: the next large op finds more of them.
  if (!stopping_) static_cast<void>(start_thread());
  lock.unlock();
  has_job_.notify_all();
  has_finished_.notify_all();  // flush() may wait there, and can help
  parts.take_all();
  lock.lock();
  std::erase(parts_, &parts);  // from here on nobody new comes
  has_finished_.wait(lock, [&] { return parts.helpers == 0; });
  if (parts.error) std::rethrow_exception(parts.error);
}

void CodecPool::run(Job& job) {
  job.run(*this);
  job.done.store(true, std::memory_order_release);  // pairs with the drainer's load
  unfinished_.fetch_sub(1, std::memory_order_relaxed);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    finished_.fetch_add(1, std::memory_order_release);
  }
  has_finished_.notify_all();
  if (on_finished_ != nullptr) on_finished_(context_);
}

void CodecPool::wait_for_finished(std::uint64_t seen, std::chrono::milliseconds timeout) {
  std::unique_lock<std::mutex> lock(mutex_);
  has_finished_.wait_for(lock, timeout, [&] { return finished() != seen || open_parts() != nullptr; });
}

void CodecPool::stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    threads = std::exchange(threads_, {});
  }
  has_job_.notify_all();
  for (std::thread& thread : threads) thread.join();
  const std::lock_guard<std::mutex> lock(mutex_);
  stopping_ = false;
}

void CodecPool::work() {
  set_thread_name("tickertape-enc");
  // Where every core is busy, a thread that is woken by add_image would run at once on its caller's core: the
  // median call then took as long as encoding, 1,157 us against 68 us (512 x 512 x 3, measured).
  never_preempt_when_waking();
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    has_job_.wait(lock, [&] { return stopping_ || !waiting_.empty() || open_parts() != nullptr; });
    if (Parts* parts = open_parts(); parts != nullptr) {
      help(*parts, lock);
      continue;
    }
    if (waiting_.empty()) return;
    const std::shared_ptr<Job> job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    run(*job);
    lock.lock();
  }
}

}  // namespace tickertape
