// Memory on Windows, where large pages need a privilege; see large_memory.h. L0.
#include "base/os/large_memory.h"

namespace tickertape {

void FreeLargePage::operator()(std::uint8_t* page) const noexcept { delete[] page; }

LargePage allocate_large_page() { return LargePage(new std::uint8_t[kLargePageBytes]); }

}  // namespace tickertape
