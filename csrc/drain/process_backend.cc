// First use, fork and exit. L4.
#include "drain/process_backend.h"

#include <cstdio>
#include <cstdlib>

#include "base/os/process.h"

namespace tickertape {

std::atomic<Backend*> ProcessBackend::current_{nullptr};
std::mutex ProcessBackend::creation_;

Backend& ProcessBackend::instance() {
  if (Backend* backend = current()) return *backend;
  const std::lock_guard<std::mutex> lock(creation_);
  if (Backend* backend = current()) return *backend;
  static bool registered = false;  // a forked child inherits it, together with what was registered
  if (!registered) {
    register_fork_handlers(before_fork, after_fork_in_parent, after_fork_in_child);
    std::atexit(at_exit);
    registered = true;
  }
  auto* backend = new Backend;
  current_.store(backend, std::memory_order_release);
  return *backend;
}

// A fork copies memory but only one thread, so locks that other threads held stay locked in the child for
// ever. The child therefore never uses its parent's backend again. Only the two variables of this class
// outlive the fork, and creation_ keeps them consistent.
void ProcessBackend::before_fork() { creation_.lock(); }

void ProcessBackend::after_fork_in_parent() { creation_.unlock(); }

void ProcessBackend::after_fork_in_child() {
  // The parent's backend is not destroyed: its mapping does not exist here (MADV_DONTFORK), and its files and
  // threads belong to the parent.
  current_.store(nullptr, std::memory_order_release);
  creation_.unlock();
}

void ProcessBackend::at_exit() {
  Backend* backend = current();
  if (backend == nullptr) return;
  backend->finish();
  for (const Notice& notice : backend->notices().take())
    std::fprintf(stderr, "tickertape: %s\n", notice.text.c_str());
}

}  // namespace tickertape
