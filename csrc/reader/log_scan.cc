// Scans many files on a pool of threads. L4.
#include "reader/log_scan.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/os/file_status.h"
#include "base/os/process.h"
#include "reader/file_scan.h"
#include "reader/joined_threads.h"

namespace tickertape {
namespace {

// How often hooks are asked while nothing else happens: what a person takes for at once.
constexpr std::chrono::milliseconds kHookInterval{50};

// A part of a file is at least this long: it is scanned in about 5 ms, and a cut costs some 20 us.
constexpr std::uint64_t kLeastPartBytes = std::uint64_t{8} << 20;

// What there is to scan; files that are not there count as empty.
std::uint64_t bytes_of(const std::vector<ScanRequest>& requests) {
  std::uint64_t total = 0;
  for (const ScanRequest& request : requests) {
    FileStatus status;
    if (path_status(request.path, status) != 0 || !status.is_regular()) continue;
    const std::uint64_t known = request.previous != nullptr ? request.previous->end : 0;
    total += status.size - std::min(status.size, known);
  }
  return total;
}

class Pool {
 public:
  Pool(const std::vector<ScanRequest>& requests, ScanFilter filter, const ScanHooks& hooks, unsigned threads)
      : requests_(requests), filter_(std::move(filter)), hooks_(hooks), threads_(threads) {
    results_.resize(requests.size());
    filter_.keeps_tag = nullptr;
    if (hooks.keeps_tag) filter_.keeps_tag = [this](std::string_view tag) { return keeps(tag); };
  }

  std::vector<std::shared_ptr<const FileIndex>> run() {
    std::uint64_t total = 0;
    if (hooks_.progress) total = bytes_of(requests_);
    JoinedThreads workers;
    try {
      const BlockedSignals blocked;  // handlers run in the threads of the program
      for (unsigned i = 0; i < threads_; ++i) workers.start([this] { work(); });
    } catch (const std::system_error&) {
      if (workers.empty()) throw;  // fewer threads do, too
    }
    try {
      wait(total);
    } catch (...) {
      cancel();
      throw;  // after the workers have ended
    }
    workers.join();
    if (failure_) std::rethrow_exception(failure_);
    return std::move(results_);
  }

 private:
  // A file that is being scanned.
  struct Open {
    std::size_t request;
    std::unique_ptr<FileScan> scan;
    std::size_t parts_left;
  };
  struct Job {
    std::shared_ptr<Open> file;
    std::size_t part;
  };
  struct Question {
    std::string tag;
    bool is_answered = false;
  };

  // --- the calling thread ---

  void wait(std::uint64_t total) {
    std::unique_lock lock(mutex_);
    auto next_hooks = std::chrono::steady_clock::now() + kHookInterval;
    while (finished_ < requests_.size() && !failure_) {
      event_.wait_until(lock, next_hooks);
      answer(lock);
      if (std::chrono::steady_clock::now() < next_hooks) continue;
      lock.unlock();
      ask_hooks(total);
      lock.lock();
      next_hooks = std::chrono::steady_clock::now() + kHookInterval;
    }
    lock.unlock();
    if (hooks_.progress && !failure_) hooks_.progress(total, total);
  }

  void ask_hooks(std::uint64_t total) const {
    if (hooks_.is_interrupted && hooks_.is_interrupted()) throw Interrupted();
    // relaxed: a count for people
    const std::uint64_t done = control_.bytes_done.load(std::memory_order_relaxed);
    if (hooks_.progress) hooks_.progress(std::min(done, total), total);
  }

  void answer(std::unique_lock<std::mutex>& lock) {
    while (!questions_.empty()) {
      const std::shared_ptr<Question> question = std::move(questions_.front());
      questions_.pop_front();
      if (!verdicts_.contains(question->tag)) {
        lock.unlock();
        const bool keeps = hooks_.keeps_tag(question->tag);
        lock.lock();
        verdicts_.emplace(question->tag, keeps);
      }
      question->is_answered = true;
      answered_.notify_all();
    }
  }

  void cancel() {
    const std::lock_guard lock(mutex_);
    control_.is_cancelled.store(true, std::memory_order_relaxed);  // relaxed: see FileScan
    work_.notify_all();
    answered_.notify_all();
  }

  // --- the workers ---

  bool is_cancelled() const { return control_.is_cancelled.load(std::memory_order_relaxed); }

  // What ScanFilter asks: the verdict that is known, or what the calling thread says.
  bool keeps(std::string_view tag) {
    std::unique_lock lock(mutex_);
    const auto question = std::make_shared<Question>(Question{std::string(tag)});
    if (const auto found = verdicts_.find(question->tag); found != verdicts_.end()) return found->second;
    questions_.push_back(question);
    event_.notify_one();
    answered_.wait(lock, [&] { return question->is_answered || is_cancelled(); });
    if (!question->is_answered) throw Interrupted();
    return verdicts_.at(question->tag);
  }

  void work() {
    set_thread_name("tickertape-read");
    ScanMemory memory;
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [this] {
        return is_cancelled() || !jobs_.empty() || next_ < requests_.size() || running_ == 0;
      });
      const bool is_idle = jobs_.empty() && next_ == requests_.size();
      if (is_cancelled() || is_idle) break;
      ++running_;
      const Job job = take();
      lock.unlock();
      try {
        run(job, memory);
        lock.lock();
      } catch (...) {
        lock.lock();
        if (!failure_) failure_ = std::current_exception();
        control_.is_cancelled.store(true, std::memory_order_relaxed);
        answered_.notify_all();
        event_.notify_one();
      }
      --running_;
      if (running_ == 0 || is_cancelled()) work_.notify_all();
    }
  }

  // A part of an open file, or a new file. With the lock.
  Job take() {
    if (jobs_.empty()) {
      auto file = std::make_shared<Open>();
      file->request = next_++;
      return {std::move(file), 0};
    }
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

  void run(const Job& job, ScanMemory& memory) {
    Open& file = *job.file;
    const ScanRequest& request = requests_[file.request];
    try {
      if (file.scan == nullptr && !open(job.file)) return;
      file.scan->scan_part(job.part, memory);
      {
        const std::lock_guard lock(mutex_);
        if (--file.parts_left != 0) return;
      }
      finish(file.request, file.scan->finish());
      file.scan.reset();
    } catch (const IoError& error) {
      auto index = std::make_shared<FileIndex>();
      index->path = request.path;
      index->error = error;
      finish(file.request, std::move(index));
    }
  }

  // Opens the file and cuts it; other threads take its other parts. False if there is nothing to scan.
  bool open(const std::shared_ptr<Open>& file) {
    const ScanRequest& request = requests_[file->request];
    auto scan = std::make_unique<FileScan>(request.path, request.previous, filter_, control_);
    if (scan->is_unchanged()) {
      finish(file->request, scan->finish());
      return false;
    }
    // Twice as many parts as threads, so that none is left with a long part at the end.
    const std::size_t threads = threads_;
    const std::size_t most = threads == 1 || requests_.size() > 4 * threads ? 1 : 2 * threads;
    const std::size_t parts = scan->cut(most, kLeastPartBytes);
    const std::lock_guard lock(mutex_);
    file->scan = std::move(scan);
    file->parts_left = parts;
    for (std::size_t i = 1; i < parts; ++i) jobs_.push_back({file, i});
    if (parts > 1) work_.notify_all();
    return true;
  }

  void finish(std::size_t request, std::shared_ptr<const FileIndex> index) {
    const std::lock_guard lock(mutex_);
    if (results_[request] != nullptr) return;  // another part of it failed, too
    results_[request] = std::move(index);
    if (++finished_ == requests_.size()) event_.notify_one();
  }

  const std::vector<ScanRequest>& requests_;
  ScanFilter filter_;
  const ScanHooks& hooks_;
  const unsigned threads_;
  ScanControl control_;
  std::mutex mutex_;                  // guards what follows
  std::condition_variable event_;     // for the calling thread: a question, a failure, the end
  std::condition_variable answered_;  // for workers: a question is answered
  std::condition_variable work_;      // for workers: a job, or the end
  std::size_t next_ = 0;              // requests before it were taken
  std::size_t running_ = 0;           // jobs
  std::deque<Job> jobs_;
  std::deque<std::shared_ptr<Question>> questions_;
  std::unordered_map<std::string, bool> verdicts_;
  std::exception_ptr failure_;
  std::size_t finished_ = 0;
  std::vector<std::shared_ptr<const FileIndex>> results_;
};

}  // namespace

std::vector<std::shared_ptr<const FileIndex>> scan_files(const std::vector<ScanRequest>& requests,
                                                         ScanFilter filter, const ScanHooks& hooks,
                                                         unsigned threads) {
  if (requests.empty()) return {};
  if (threads == 0) threads = usable_processors();
  // A thread takes 20 us to start, in which another one reads 100 kB.
  if (requests.size() < threads && bytes_of(requests) < 2 * kLeastPartBytes)
    threads = static_cast<unsigned>(requests.size());
  return Pool(requests, std::move(filter), hooks, threads).run();
}

}  // namespace tickertape
