// Processes and threads on Linux; see process.h. L0.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>

#include "base/os/process.h"

namespace tickertape {
namespace {

std::string read_small_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::array<char, 1024> content;
  const ssize_t size = read(fd, content.data(), content.size());
  close(fd);
  return size > 0 ? std::string(content.data(), static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

std::uint64_t process_start_ticks(std::uint32_t pid) {
  // Field 22 of /proc/PID/stat (proc(5)). Field 2 is a name in parentheses that may itself contain spaces and
  // ')', so the search starts at the last ')'.
  const std::string stat = read_small_file("/proc/" + std::to_string(pid) + "/stat");
  std::size_t at = stat.rfind(')');
  if (at == std::string::npos) return 0;
  for (int field = 2; field < 22; ++field) {
    at = stat.find(' ', at + 1);
    if (at == std::string::npos) return 0;
  }
  return std::strtoull(stat.c_str() + at, nullptr, 10);
}

std::string boot_id() {
  std::string id = read_small_file("/proc/sys/kernel/random/boot_id");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

bool is_main_thread() { return syscall(SYS_gettid) == getpid(); }

void set_thread_name(const char* name) { pthread_setname_np(pthread_self(), name); }

void never_preempt_when_waking() {
  const sched_param none{};
  static_cast<void>(sched_setscheduler(0, SCHED_BATCH, &none));  // sched(7)
}

unsigned usable_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace tickertape
