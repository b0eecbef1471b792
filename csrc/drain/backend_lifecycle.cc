// The backend's beginning and its end: first use, fork, exit. L4.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "base/os/process.h"
#include "base/settings.h"
#include "drain/backend.h"

namespace tickertape {

WaitHooks Backend::wait_hooks_;
std::atomic<Backend*> Backend::current_{nullptr};
std::mutex Backend::creation_;

Backend& Backend::instance() {
  if (Backend* backend = current()) return *backend;
  const std::lock_guard<std::mutex> lock(creation_);
  if (Backend* backend = current()) return *backend;
  static bool registered = false;  // inherited by forked children, as what it registers is
  if (!registered) {
    register_fork_handlers(before_fork, after_fork_in_parent, after_fork_in_child);
    std::atexit(at_exit);
    registered = true;
  }
  auto* backend = new Backend();
  backend->start_thread();
  current_.store(backend, std::memory_order_release);
  return *backend;
}

void Backend::start_thread() {
  const BlockedSignals blocked;  // signal handlers belong to the program's own threads
  try {
    thread_runs_ = true;
    std::thread([this] { run(); }).detach();  // stop() waits for its word, with a bound
  } catch (const std::exception&) {           // std::system_error, std::bad_alloc
    // No thread is to be had: every push is written by its caller.
    thread_runs_ = false;
    synchronous_.store(true, std::memory_order_release);
    ring_.request_attention();
  }
}

// A fork copies memory but only one thread, so locks that others held stay locked for ever in the child. The
// child therefore never looks at its parent's backend again; only the two things that outlive it here are
// kept consistent.
void Backend::before_fork() { creation_.lock(); }

void Backend::after_fork_in_parent() { creation_.unlock(); }

void Backend::after_fork_in_child() {
  // Left where it is: its mapping does not exist here (MADV_DONTFORK), its files and threads are the
  // parent's.
  current_.store(nullptr, std::memory_order_release);
  creation_.unlock();
}

void Backend::at_exit() {
  Backend* backend = current();
  if (backend == nullptr) return;
  backend->finish();
  for (const std::string& notice : backend->notices_.take())
    std::fprintf(stderr, "tickertape: %s\n", notice.c_str());
}

// Drops what still waits for a device, so that what stands behind it gets into its file.
std::uint64_t Backend::give_up_deferred_values() {
  const DrainLock drain(drain_, std::try_to_lock);
  if (!drain.owns_lock()) return 0;  // somebody hangs in a disk, and so would this thread
  const std::uint64_t given_up = waitlist_.give_up();
  if (given_up == 0) return 0;
  std::fprintf(
      stderr,
      "tickertape: %llu events waited for a value from a device when the process ended and are lost\n",
      static_cast<unsigned long long>(given_up));
  do {
    while (step_under_lock()) {
    }
  } while (sequencer_.waits_for_codec() && pool_.run_one());
  return given_up;
}

void Backend::say_what_is_left() {
  const auto count = static_cast<unsigned long long>(events_queued());
  const double seconds = settings::exit_timeout_seconds();
  if (ring_.mapping().is_file()) {
    std::fprintf(
        stderr,
        "tickertape: %llu events could not be written within %g s and stay in '%s'; the next writer on their "
        "directory, or `tickertape repair`, brings them home\n",
        count, seconds, ring_.mapping().path().c_str());
  } else {
    std::fprintf(stderr, "tickertape: %llu events could not be written within %g s and are lost\n", count,
                 seconds);
  }
}

}  // namespace tickertape
