// Identity, fork handlers and signals on POSIX systems; see process.h. L0.
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "base/os/process.h"

namespace tickertape {

static_assert(sizeof(sigset_t) <= 128);

std::uint32_t process_id() { return static_cast<std::uint32_t>(getpid()); }

std::uint32_t user_id() { return geteuid(); }

std::string host_name() {
  std::array<char, 256> name{};  // POSIX: at most 255 bytes
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

}  // namespace tickertape
