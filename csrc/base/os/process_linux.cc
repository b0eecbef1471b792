// Identity, fork handlers, signals and threads on POSIX systems and Linux; see process.h. L0.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/os/process.h"

namespace tickertape {
namespace {

static_assert(sizeof(sigset_t) <= 128);

std::string read_small_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::array<char, 1024> content;
  const ssize_t size = read(fd, content.data(), content.size());
  close(fd);
  return size > 0 ? std::string(content.data(), static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

std::uint32_t process_id() { return static_cast<std::uint32_t>(getpid()); }

std::uint32_t user_id() { return geteuid(); }

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

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

void register_fork_handlers(void (*before)(), void (*after_in_parent)(), void (*after_in_child)()) {
  pthread_atfork(before, after_in_parent, after_in_child);
}

BlockedSignals::BlockedSignals() {
  sigset_t all;
  sigfillset(&all);
  // They belong to an instruction. Blocking them ends the process, whatever handler it has.
  for (const int number : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP}) sigdelset(&all, number);
  sigset_t old;
  pthread_sigmask(SIG_SETMASK, &all, &old);
  std::memcpy(saved_, &old, sizeof old);
}

BlockedSignals::~BlockedSignals() {
  sigset_t old;
  std::memcpy(&old, saved_, sizeof old);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

bool is_main_thread() {
#if defined(__linux__)
  return syscall(SYS_gettid) == getpid();
#else
  return pthread_main_np() != 0;
#endif
}

void set_thread_name(const char* name) {
#if defined(__linux__)
  pthread_setname_np(pthread_self(), name);
#else
  (void)name;
#endif
}

void never_preempt_when_waking() {
#if defined(__linux__)
  const sched_param none{};
  static_cast<void>(sched_setscheduler(0, SCHED_BATCH, &none));  // sched(7)
#endif
}

}  // namespace tickertape
