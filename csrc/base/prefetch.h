// Prefetches a cache line that is about to be written. L0.
#pragma once

namespace tickertape {

// Hints that this core will soon write to the cache line at `address`; any address is allowed. Compilers emit
// PREFETCHW only if they are told that the processor has it. An x86-64 processor that does not have it treats
// it as a NOP (Intel SDM, PREFETCHW).
inline void prefetch_for_store(const void* address) {
#if defined(__x86_64__)
  // NOLINTNEXTLINE(portability-no-assembler): there is no other way to emit the instruction, see above
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address, 1);
#endif
}

}  // namespace tickertape
