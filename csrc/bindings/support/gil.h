// Releases and takes the GIL, also if Python has begun to end meanwhile. L5.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <cstddef>

#include "base/sleep.h"

namespace tickertape::bindings {

// Copying less than this takes some 50 us at most (10 GB/s); a thread that gives up the GIL may wait for it
// for 5 ms (sys.getswitchinterval()) if another thread computes.
inline constexpr std::size_t kWorthReleasingGil = std::size_t{512} << 10;

// Stops a thread that Python wants to end, which must not happen inside our frames.
[[noreturn]] inline void stop_this_thread() noexcept {
  for (;;) sleep_for(std::chrono::hours(1));
}

// Python up to 3.13 ends a daemon thread that asks for the GIL while the interpreter finalises: by
// pthread_exit(), which unwinds, and aborts the process at the first destructor (pybind11's
// gil_scoped_release is one). Such a thread stops here until the process has ended, as from Python 3.14 on.
inline void take_gil_back(PyThreadState* state) noexcept {
  try {
    PyEval_RestoreThread(state);
  } catch (...) {  // only pthread_exit() gets here
    stop_this_thread();
  }
}

// Releases the GIL for the lifetime of the object.
class GilRelease {
 public:
  GilRelease() : state_(PyEval_SaveThread()) {}
  ~GilRelease() { take_gil_back(state_); }
  GilRelease(const GilRelease&) = delete;
  GilRelease& operator=(const GilRelease&) = delete;

 private:
  PyThreadState* state_;
};

}  // namespace tickertape::bindings
