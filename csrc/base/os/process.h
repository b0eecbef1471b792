// Who this process is, and what happens to it at fork. One of the small files that a port to another system
// rewrites. L0.
#pragma once

#include <cstdint>
#include <string>

namespace tickertape {

std::uint32_t process_id();
std::uint32_t user_id();

// When process `pid` started, in the system's own ticks since boot; 0 where there is no such process.
// Together with the pid and boot_id() it names a process for good: pids are used again.
std::uint64_t process_start_ticks(std::uint32_t pid);

// A name for this boot of the machine ("" where the system has none).
std::string boot_id();

std::string host_name();

// Calls the three around every fork() of this process: before it in the parent, after it in the parent, and
// after it in the child; nullptr is nothing. Each call adds three.
void register_fork_handlers(void (*before)(), void (*after_in_parent)(), void (*after_in_child)());

// Blocks every signal in the calling thread while it lives, so that threads started meanwhile never run a
// handler.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  alignas(16) unsigned char saved_[128];  // a sigset_t, kept out of this header
};

// True in the thread that the process began with (after fork(): the only one).
bool is_main_thread();

// Shows in tools such as `top -H`; at most 15 bytes.
void set_thread_name(const char* name);

// The calling thread no longer takes the processor from a running one when it wakes; it gets its fair share
// as before. Needs no rights; without effect where the system has nothing of the kind.
void never_preempt_when_waking();

}  // namespace tickertape
