// The Linux side of posix_memory.h. L0.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/os/posix_memory.h"

namespace tickertape::posix {

void keep_from_children(void* address, std::size_t size) noexcept { madvise(address, size, MADV_DONTFORK); }

void prefer_large_pages(void* address, std::size_t size) noexcept { madvise(address, size, MADV_HUGEPAGE); }

// The pages keep their MADV_DONTFORK.
bool move_mapping(std::uint8_t* from, std::uint8_t* to, std::size_t size, int /*descriptor*/) noexcept {
  return mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED;
}

// rt_sigprocmask reads the new mask before it finds that there is no such operation.
bool is_readable(const std::uint8_t* byte) noexcept {
  constexpr std::size_t kMaskBytes = 8;
  const auto address = reinterpret_cast<std::uintptr_t>(byte) & ~(kMaskBytes - 1);
  return syscall(SYS_rt_sigprocmask, ~0, address, nullptr, kMaskBytes) == 0 || errno != EFAULT;
}

bool is_sent(const siginfo_t& signal) noexcept { return signal.si_code <= 0; }

// kill() is not how handlers raise it (SI_USER).
bool is_raised_here(const siginfo_t& signal, int self) noexcept {
  return signal.si_code == SI_TKILL && signal.si_pid == self;
}

}  // namespace tickertape::posix
