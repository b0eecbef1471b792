// Identity of processes, fork handlers, signal masks and thread properties. A port to another system rewrites
// process_linux.cc or process_posix.cc. L0.
#pragma once

#include <cstdint>
#include <string>

namespace tickertape {

std::uint32_t process_id();
std::uint32_t user_id();

// The time at which process `pid` started, in a unit of the system's; 0 if there is no such process. Pids are
// reused, so only (pid, start ticks, boot_id()) identifies a process for good.
std::uint64_t process_start_ticks(std::uint32_t pid);

// An identifier of this boot of the machine; "" if the system has none.
std::string boot_id();

std::string host_name();

// Registers functions that run around every fork() of this process: before it, after it in the parent, and
// after it in the child. nullptr means no function. Handlers add up over calls.
void register_fork_handlers(void (*before)(), void (*after_in_parent)(), void (*after_in_child)());

// Blocks every signal in the calling thread during its lifetime, except those of faults. Threads that are
// started meanwhile inherit the mask and never run a signal handler.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  alignas(16) unsigned char saved_[128];  // a sigset_t; the type would need <csignal> here
};

// True in the process's initial thread. After fork() this is the child's only thread.
bool is_main_thread();

// Sets the calling thread's name, which tools such as `top -H` show. At most 15 bytes.
void set_thread_name(const char* name);

// How many processors this process may use; at least 1.
unsigned usable_processors();

// When the calling thread wakes, it no longer preempts a running thread; its share of the processor stays the
// same. Needs no privileges. Has no effect on systems that do not support it.
void never_preempt_when_waking();

}  // namespace tickertape
