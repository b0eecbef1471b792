// Where event files are. L4.
#include "reader/event_files.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/os/listing.h"
#include "base/os/process.h"
#include "reader/joined_threads.h"

namespace tickertape {
namespace {

// A directory that the search is inside of, and those above it.
struct Above {
  std::uint64_t device, inode;
  std::shared_ptr<const Above> above;
};

struct Pending {
  std::string path;
  std::shared_ptr<const Above> above;
};

bool is_above(const Listing& listing, const Above* above) {
  for (; above != nullptr; above = above->above.get()) {
    if (above->device == listing.device && above->inode == listing.inode) return true;
  }
  return false;
}

void remove_suffix(std::string_view& name, std::string_view suffix) {
  if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
}

}  // namespace

bool is_event_file(std::string_view name) {
  // Sources: tensorboard's io_wrapper.py; `.profile-empty` is a file of TensorFlow's profiler without data.
  if (name.find("tfevents") == std::string_view::npos) return false;
  remove_suffix(name, ".gz");
  remove_suffix(name, ".zst");
  return !name.ends_with(".profile-empty");
}

namespace {

// How often the caller is asked while other threads list: what a person takes for at once.
constexpr std::chrono::milliseconds kAskedEvery{50};
constexpr std::size_t kAskedAfter = 64;  // directories, some 0.3 ms

// A thread takes 20 us to start, in which another one lists some 5 directories.
constexpr std::size_t kWorthThreads = 64;

// Directories that a thread takes at once, so that threads seldom wait for each other.
constexpr std::size_t kMostTaken = 16;

// A search by the calling thread and, once there is much to list, by one thread for each further processor.
class Search {
 public:
  explicit Search(const SearchLimits& limits) : limits_(limits) {}

  std::vector<EventFolder> run(const std::string& top) {
    pending_.push_back({top, nullptr});
    JoinedThreads helpers;  // ends before the members
    try {
      search(&helpers);
    } catch (...) {
      end(std::current_exception());
    }
    helpers.join();
    if (failure_) std::rethrow_exception(failure_);
    return std::move(found_);
  }

 private:
  // What a thread took, and what it found there.
  struct Batch {
    std::vector<Pending> taken, inside;
    std::vector<EventFolder> found;
    std::size_t entries = 0;
  };

  // Lists until nothing is left. The calling thread has `helpers`, which it starts, and is the one that asks.
  void search(JoinedThreads* helpers) {
    Batch batch;
    Listing listing;
    std::size_t listed = kAskedAfter;
    std::unique_lock lock(mutex_);
    while (wait_for_some(lock, helpers != nullptr)) {
      take(batch);
      if (helpers != nullptr && helpers->empty() && pending_.size() >= kWorthThreads && !is_limited())
        start(*helpers);
      ++running_;
      lock.unlock();
      listed += batch.taken.size();
      if (helpers != nullptr && listed > kAskedAfter) {
        ask();
        listed = 0;
      }
      for (Pending& folder : batch.taken) list(folder, listing, batch);
      lock.lock();
      --running_;
      give(batch);
    }
  }

  // False once the search is over.
  bool wait_for_some(std::unique_lock<std::mutex>& lock, bool asks) {
    const auto is_decided = [this] { return is_over_ || !pending_.empty() || running_ == 0; };
    while (!changed_.wait_for(lock, kAskedEvery, is_decided)) {
      if (!asks) continue;
      lock.unlock();
      ask();
      lock.lock();
    }
    return !is_over_ && !pending_.empty();
  }

  void take(Batch& batch) {
    const std::size_t most = is_limited() ? 1 : kMostTaken;
    const std::size_t count = std::clamp<std::size_t>(pending_.size() / 4, 1, most);
    const auto from = pending_.end() - static_cast<std::ptrdiff_t>(count);
    batch.taken.assign(std::move_iterator(from), std::move_iterator(pending_.end()));
    pending_.erase(from, pending_.end());
  }

  void give(Batch& batch) {
    std::ranges::move(batch.inside, std::back_inserter(pending_));
    std::ranges::move(batch.found, std::back_inserter(found_));
    entries_ += batch.entries;
    batch = {};
    if (entries_ > limits_.most_entries || found_.size() >= limits_.most_folders) is_over_ = true;
    if (is_over_ || !pending_.empty() || running_ == 0) changed_.notify_all();
  }

  static void list(Pending& folder, Listing& listing, Batch& batch) {
    if (!list_directory(folder.path, listing) || is_above(listing, folder.above.get())) return;
    batch.entries += listing.entries.size();
    std::shared_ptr<const Above> here;
    const std::string front = folder.path.ends_with('/') ? folder.path : folder.path + '/';
    std::vector<std::string> names;
    for (Listing::Entry& entry : listing.entries) {
      if (entry.is_directory) {
        if (here == nullptr)
          here = std::make_shared<Above>(Above{listing.device, listing.inode, folder.above});
        batch.inside.push_back({front + entry.name, here});
      }
      if (entry.is_file && is_event_file(entry.name)) names.push_back(std::move(entry.name));
    }
    if (!names.empty()) batch.found.push_back({std::move(folder.path), std::move(names)});
  }

  void start(JoinedThreads& helpers) {
    const BlockedSignals blocked;  // handlers run in the threads of the program
    try {
      for (unsigned i = 1; i < usable_processors(); ++i) {
        helpers.start([this] {
          set_thread_name("tickertape-list");
          try {
            search(nullptr);
          } catch (...) {
            end(std::current_exception());
          }
        });
      }
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch)
      // Fewer threads do, too.
    }
  }

  void end(const std::exception_ptr& failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = failure;
    is_over_ = true;
    changed_.notify_all();
  }

  void ask() const {
    if (limits_.is_interrupted && limits_.is_interrupted()) throw Interrupted();
  }

  // A search with limits ends soon, and exactly there.
  bool is_limited() const { return limits_.most_entries != SIZE_MAX || limits_.most_folders != SIZE_MAX; }

  const SearchLimits& limits_;
  std::mutex mutex_;                 // guards what follows
  std::condition_variable changed_;  // something is pending, or the search is over
  std::vector<Pending> pending_;
  std::vector<EventFolder> found_;
  std::size_t entries_ = 0;
  std::size_t running_ = 0;  // threads that list
  bool is_over_ = false;     // for another reason than that everything was listed
  std::exception_ptr failure_;
};

}  // namespace

std::vector<EventFolder> find_event_folders(const std::string& top, const SearchLimits& limits) {
  return Search(limits).run(top);
}

}  // namespace tickertape
