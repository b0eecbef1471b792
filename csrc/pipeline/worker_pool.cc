// The codec pool. L4.
#include "pipeline/worker_pool.h"

#include <exception>
#include <utility>

#include "base/os_process.h"
#include "record/record_writer.h"

namespace tickertape {

void Job::run() noexcept {
  try {
    RecordFrame frame(record);
    report = encode_event(op, tag, record);
    frame.finish();
  } catch (...) {
    error = std::current_exception();
  }
}

void WorkerPool::submit(std::shared_ptr<Job> job) {
  bool run_here = false;
  std::unique_lock<std::mutex> lock(mutex_);
  waiting_.push_back(std::move(job));
  unfinished_.fetch_add(1, std::memory_order_relaxed);
  if (threads_.size() < thread_limit_ && threads_.size() < unfinished_.load(std::memory_order_relaxed)) {
    const BlockedSignals blocked;
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::exception&) {  // std::system_error, std::bad_alloc
      // No more threads are to be had: those that exist run the job, or the caller does.
      run_here = threads_.empty();
    }
  }
  has_job_.notify_one();
  lock.unlock();
  if (run_here) run_one();
}

bool WorkerPool::run_one() {
  std::shared_ptr<Job> job;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.empty()) return false;
    job = std::move(waiting_.front());
    waiting_.pop_front();
  }
  run(*job);
  return true;
}

void WorkerPool::run(Job& job) {
  job.run();
  job.done.store(true, std::memory_order_release);  // pairs with the drainer's load
  unfinished_.fetch_sub(1, std::memory_order_relaxed);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    finished_.fetch_add(1, std::memory_order_release);
  }
  has_finished_.notify_all();
  if (on_finished_ != nullptr) on_finished_(context_);
}

void WorkerPool::wait_for_finished(std::uint64_t seen, std::chrono::milliseconds timeout) {
  std::unique_lock<std::mutex> lock(mutex_);
  has_finished_.wait_for(lock, timeout, [&] { return finished() != seen; });
}

void WorkerPool::stop() {
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

void WorkerPool::work() {
  set_thread_name("tickertape-enc");
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    has_job_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::shared_ptr<Job> job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    run(*job);
    lock.lock();
  }
}

}  // namespace tickertape
