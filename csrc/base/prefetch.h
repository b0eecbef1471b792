// Asks for a cache line before it is stored to. L0.
#pragma once

namespace tickertape {

// A hint: the line at `address`, which may be any, soon belongs to this core alone. Compilers give PREFETCHW
// only where they are told that the processor has it; one for x86-64 that has it not takes it for a NOP
// (Intel SDM, PREFETCHW).
inline void prefetch_for_store(const void* address) {
#if defined(__x86_64__)
  // NOLINTNEXTLINE(portability-no-assembler): no other way to the instruction, see above
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address, 1);
#endif
}

}  // namespace tickertape
