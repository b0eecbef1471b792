// Memory in large pages. A port to another system rewrites large_memory_posix.cc. L0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tickertape {

struct FreeLargePage {
  void operator()(std::uint8_t* page) const noexcept;
};
using LargePage = std::unique_ptr<std::uint8_t, FreeLargePage>;

constexpr std::size_t kLargePageBytes = std::size_t{2}
                                        << 20;  // of x86-64, and of aarch64 with pages of 4 KiB

// kLargePageBytes bytes of undefined content. If the system has large pages, the first touch is one page
// fault instead of 512. Throws std::bad_alloc.
LargePage allocate_large_page();

}  // namespace tickertape
