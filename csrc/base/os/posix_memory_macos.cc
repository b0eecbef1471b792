// The macOS side of posix_memory.h. Compiled and linked in CI; never run. L0.
#include <mach/vm_inherit.h>
#include <sys/mman.h>

#include <cerrno>

#include "base/os/posix_memory.h"

namespace tickertape::posix {

void keep_from_children(void* address, std::size_t size) noexcept {
  minherit(address, size, VM_INHERIT_NONE);
}

// Large pages cannot be asked for.
void prefer_large_pages(void* /*address*/, std::size_t /*size*/) noexcept {}

// There is no mremap(): the file is mapped once more.
bool move_mapping(std::uint8_t* from, std::uint8_t* to, std::size_t size, int descriptor) noexcept {
  const void* const there = mmap(to, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor, 0);
  if (there == MAP_FAILED) return false;
  keep_from_children(to, size);
  munmap(from, size);
  return true;
}

// The kernel reads the new mask before it finds that there is no such operation (__pthread_sigmask() in XNU).
bool is_readable(const std::uint8_t* byte) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(byte) & ~(sizeof(sigset_t) - 1);
  constexpr int kNoOperation = 0x7f;
  return pthread_sigmask(kNoOperation, reinterpret_cast<const sigset_t*>(address), nullptr) != EFAULT;
}

// Codes of sent signals are positive here: SI_USER is 0x10001.
bool is_sent(const siginfo_t& signal) noexcept { return signal.si_code <= 0 || signal.si_code >= SI_USER; }

bool is_raised_here(const siginfo_t& signal, int self) noexcept {
  return is_sent(signal) && signal.si_pid == self;
}

}  // namespace tickertape::posix
