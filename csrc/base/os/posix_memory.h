// What Linux and macOS do differently with mapped memory, and with the signal of a fault in it; each has a
// posix_memory_*.cc. L0, private to the *_posix.cc files of base/os/.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>

namespace tickertape::posix {

// Children that are forked from now on do not get this memory.
void keep_from_children(void* address, std::size_t size) noexcept;

// Asks for large pages behind this memory, which begins and ends at one. They are a matter of speed alone.
void prefer_large_pages(void* address, std::size_t size) noexcept;

// Puts the pages of the file `descriptor`, which are mapped at `from`, at `to`, in one step as other threads
// see it; nothing is mapped at `from` then. False if that fails; then nothing has changed.
bool move_mapping(std::uint8_t* from, std::uint8_t* to, std::size_t size, int descriptor) noexcept;

// False if a touch of the byte would raise SIGBUS or SIGSEGV. For signal handlers, too.
bool is_readable(const std::uint8_t* byte) noexcept;

// True if somebody sent the signal; false for a fault.
bool is_sent(const siginfo_t& signal) noexcept;
// True if a thread of this process, whose id is `self`, raised the signal.
bool is_raised_here(const siginfo_t& signal, int self) noexcept;

}  // namespace tickertape::posix
