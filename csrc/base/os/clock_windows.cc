// clock.h on Windows. L0.
#include "base/os/clock.h"
#include "base/os/windows_calls.h"

namespace tickertape {

double wall_time_now() {
  FILETIME now;
  GetSystemTimePreciseAsFileTime(&now);
  return static_cast<double>(windows::nanoseconds(now)) * 1e-9;
}

std::int64_t monotonic_ns() {
  LARGE_INTEGER now, a_second;
  QueryPerformanceCounter(&now);
  QueryPerformanceFrequency(&a_second);
  const LONGLONG seconds = now.QuadPart / a_second.QuadPart;
  return seconds * 1'000'000'000 + now.QuadPart % a_second.QuadPart * 1'000'000'000 / a_second.QuadPart;
}

}  // namespace tickertape
