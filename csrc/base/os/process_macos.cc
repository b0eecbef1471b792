// Processes and threads on macOS; see process.h. Compiled and linked in CI; never run. L0.
#include <pthread.h>
#include <sys/sysctl.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/os/process.h"

namespace tickertape {

// In microseconds since the epoch. The kernel keeps the time of the start, so a changed clock does not change
// it.
std::uint64_t process_start_ticks(std::uint32_t pid) {
  std::array<int, 4> name{CTL_KERN, KERN_PROC, KERN_PROC_PID, static_cast<int>(pid)};
  kinfo_proc found{};
  std::size_t size = sizeof found;
  if (sysctl(name.data(), name.size(), &found, &size, nullptr, 0) != 0 || size != sizeof found) return 0;
  const timeval& start = found.kp_proc.p_starttime;
  return static_cast<std::uint64_t>(start.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(start.tv_usec);
}

std::string boot_id() {
  std::array<char, 64> uuid{};  // 36 characters
  std::size_t size = uuid.size() - 1;
  if (sysctlbyname("kern.bootsessionuuid", uuid.data(), &size, nullptr, 0) != 0) return {};
  return uuid.data();
}

bool is_main_thread() { return pthread_main_np() != 0; }

void set_thread_name(const char* name) { pthread_setname_np(name); }

void never_preempt_when_waking() {}

unsigned usable_processors() { return std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace tickertape
