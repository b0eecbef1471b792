// fork_number.h on Windows, which has no fork(). L0.
#include "base/os/fork_number.h"

namespace tickertape {

void prepare_fork_numbers() noexcept {}

std::uint32_t fork_number() noexcept { return 0; }

}  // namespace tickertape
