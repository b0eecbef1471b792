// The backend of this process: made at its first use, left alone by a forked child, finished at exit. L4.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "drain/backend.h"

namespace tickertape {

class ProcessBackend {
 public:
  // Returns the process's backend and makes it if there is none. Throws IoError, std::bad_alloc.
  static Backend& instance();

  // Returns the process's backend, or nullptr if there is none: not yet, or not since this process was
  // forked.
  static Backend* current() {
    return current_.load(std::memory_order_acquire);  // pairs with instance()'s store
  }

 private:
  static void before_fork();
  static void after_fork_in_parent();
  static void after_fork_in_child();
  static void at_exit();

  static std::atomic<Backend*> current_;
  static std::mutex creation_;
};

}  // namespace tickertape
