// The codec pool: a few threads that turn heavy ops into records beside the drainer. L4.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/executor.h"
#include "event/encoder.h"
#include "event/op.h"

namespace tickertape {

// One op to encode. The op and the tag stay where they are until the job is taken back.
struct Job {
  OpView op;
  std::string_view tag;

  // Valid once done; done is stored with release order by the worker and loaded with acquire order by the
  // drainer.
  Buffer record;
  EncodeReport report;
  std::exception_ptr error;
  std::atomic<bool> done{false};

  // Encodes, large ops with the help of `executor`; keeps what is thrown in `error`.
  void run(Executor& executor) noexcept;
};

// Starts its threads at the first job. Jobs never touch Python, locks of others, or the disk.
class CodecPool final : public Executor {
 public:
  explicit CodecPool(unsigned threads) : thread_limit_(threads) { threads_.reserve(threads); }

  void submit(std::shared_ptr<Job> job);

  // True if another job would only wait: the drainer then hands out no more.
  bool is_busy() const { return unfinished_.load(std::memory_order_relaxed) >= 2 * thread_limit_ + 2; }

  // Runs one waiting job, or helps with parts of one, in the calling thread; false where there is neither.
  bool run_one();

  // The caller does what no idle thread of the pool comes to do, so that it never waits for work that nobody
  // has begun. Throws what a part throws, the first of several; then parts that nobody had begun are left
  // out.
  void run_parts(std::size_t count, const std::function<void(std::size_t)>& part) override;

  // Waits until a job has finished since finished() was `seen`, run_one() could help, or `timeout` has
  // passed.
  void wait_for_finished(std::uint64_t seen, std::chrono::milliseconds timeout);
  std::uint64_t finished() const { return finished_.load(std::memory_order_acquire); }

  // Called after each job, from its thread.
  void set_on_finished(void (*callback)(void*), void* context) {
    on_finished_ = callback;
    context_ = context;
  }

  // Lets the threads end when no job waits, and joins them. submit() may follow: it starts them again.
  void stop();

 private:
  // One call of run_parts().
  struct Parts {
    const std::function<void(std::size_t)>& run;
    const std::size_t count;
    std::atomic<std::size_t> next{0};  // each index is taken once; what a part did is published by mutex_
    unsigned helpers = 0;              // under mutex_: threads inside take_all() besides the caller
    std::atomic<bool> failed{false};   // the thread that sets it stores `error`, which mutex_ publishes
    std::exception_ptr error{};

    bool is_taken() const { return next.load(std::memory_order_relaxed) >= count; }
    void take_all() noexcept;
  };

  void work();
  void run(Job& job);
  bool start_thread();                                          // under mutex_; false where none is to be had
  void help(Parts& parts, std::unique_lock<std::mutex>& lock);  // gives the lock up meanwhile
  Parts* open_parts();                                          // under mutex_; nullptr if there are none

  const unsigned thread_limit_;
  std::mutex mutex_;
  std::condition_variable has_job_, has_finished_;
  std::deque<std::shared_ptr<Job>> waiting_;  // under mutex_
  std::vector<Parts*> parts_;                 // under mutex_; each lives as long as its call
  std::vector<std::thread> threads_;          // under mutex_
  bool stopping_ = false;                     // under mutex_
  std::atomic<unsigned> unfinished_{0};
  std::atomic<std::uint64_t> finished_{0};
  void (*on_finished_)(void*) = nullptr;
  void* context_ = nullptr;
};

}  // namespace tickertape
