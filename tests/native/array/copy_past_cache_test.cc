// Copies past the caches against memcpy(): any size and alignment, and what another thread sees of them.
#include "array/copy_past_cache.h"

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "check.h"

using namespace tickertape;

namespace {

constexpr std::size_t kLine = 64;

std::vector<std::uint8_t> counted(std::size_t bytes) {
  std::vector<std::uint8_t> found(bytes);
  for (std::size_t i = 0; i < bytes; ++i) found[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return found;
}

}  // namespace

TEST(every_size_and_alignment_copies_what_memcpy_does) {
  const std::vector<std::uint8_t> from = counted(3 * kPastCacheBytes);
  std::vector<std::uint8_t> copied(from.size(), 0xaa);
  std::vector<std::uint8_t> expected(from.size(), 0xaa);
  for (const std::size_t base : {std::size_t{0}, std::size_t{1}, kPastCacheBytes, 2 * kPastCacheBytes}) {
    for (std::size_t more = 0; more <= 2 * kLine; ++more) {
      for (const std::size_t to_offset : {0U, 1U, 15U, 16U, 33U, 63U}) {
        const std::size_t bytes = base + more;
        const std::size_t from_offset = more % kLine;
        copy_past_cache(copied.data() + to_offset, from.data() + from_offset, bytes);
        std::memcpy(expected.data() + to_offset, from.data() + from_offset, bytes);
        CHECK(copied == expected);
        std::memset(copied.data(), 0xaa, copied.size());
        std::memset(expected.data(), 0xaa, expected.size());
      }
    }
  }
}

TEST(another_thread_sees_the_bytes_after_a_release_store) {
  const int rounds = test::kIsSlow ? 100 : 2000;
  std::vector<std::uint8_t> to(2 * kPastCacheBytes);
  std::vector<std::uint8_t> from(to.size());
  std::atomic<int> written{0}, seen{0};
  bool is_right = true;
  std::thread reader([&] {
    for (int round = 1; round <= rounds; ++round) {
      while (written.load(std::memory_order_acquire) < round) std::this_thread::yield();
      // The last bytes first: they are what was stored last.
      for (std::size_t i = to.size(); i-- > 0;)
        is_right = is_right && to[i] == static_cast<std::uint8_t>(round);
      seen.store(round, std::memory_order_release);
    }
  });
  for (int round = 1; round <= rounds; ++round) {
    std::memset(from.data(), round & 0xff, from.size());
    copy_past_cache(to.data(), from.data(), to.size());
    written.store(round, std::memory_order_release);
    while (seen.load(std::memory_order_acquire) < round) std::this_thread::yield();
  }
  reader.join();
  CHECK(is_right);
}

TEST_MAIN()
