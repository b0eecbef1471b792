// Numbers of the living processes that were forked from one another, so that each can have a place of its
// own. L0.
#pragma once

#include <cstdint>

namespace tickertape {

// Makes the table that forked processes will share, once. Called before what must be kept apart is in use;
// without it, and if there is no memory for it, a forked process has its process id as its number.
void prepare_fork_numbers() noexcept;

// 0 in the process that made the table; in a process forked from it, or from such a one, the lowest number
// that no other living process holds. So numbers are used again, and 0 passes to a child that outlives its
// parent. It stays the same for as long as the process lives. Thread-safe.
std::uint32_t fork_number() noexcept;

}  // namespace tickertape
