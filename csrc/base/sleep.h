// Sleeping in the calling thread. L0.
#pragma once

#include <chrono>
#include <thread>

namespace tickertape {

// Sleeps for at least `time`. Given another unit than nanoseconds, libc++ compares in long double; on aarch64
// that calls functions of compiler-rt, which the wheels do not link (.ci/wheels/zig.cmake).
inline void sleep_for(std::chrono::nanoseconds time) { std::this_thread::sleep_for(time); }

}  // namespace tickertape
