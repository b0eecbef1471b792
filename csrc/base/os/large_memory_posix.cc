// Large pages on POSIX systems; see large_memory.h. L0.
#include <sys/mman.h>

#include <new>

#include "base/os/large_memory.h"
#include "base/os/posix_memory.h"

namespace tickertape {

void FreeLargePage::operator()(std::uint8_t* page) const noexcept { munmap(page, kLargePageBytes); }

LargePage allocate_large_page() {
  // Twice as much, so that an aligned page is inside; what is around it is given back.
  void* mapped =
      mmap(nullptr, 2 * kLargePageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* start = static_cast<std::uint8_t*>(mapped);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(start) % kLargePageBytes;
  if (before != 0) munmap(start, before);
  munmap(start + before + kLargePageBytes, kLargePageBytes - before);
  posix::prefer_large_pages(start + before, kLargePageBytes);
  return LargePage(start + before);
}

}  // namespace tickertape
