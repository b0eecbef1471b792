// The two loops of the match finder that read every byte, 32 or 64 bytes a step. L1; part of the PNG encoder.
// Returns the same results as the portable code.
#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/image/match_finder.h"

namespace tickertape::match_impl {
namespace {

__m256i load(const std::uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

// Bit i is set if a[i] == b[i].
std::uint64_t equal_bytes(const std::uint8_t* a, const std::uint8_t* b) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(a), load(b))));
}

// The end of the run that contains `from`; see find_run().
std::size_t run_end(const std::uint8_t* window, std::size_t from, std::size_t end) {
  const __m256i byte = _mm256_set1_epi8(static_cast<char>(window[from - 1]));
  for (std::size_t i = from; i < end; i += 64) {
    const __m256i low = _mm256_cmpeq_epi8(load(window + i), byte);
    const __m256i high = _mm256_cmpeq_epi8(load(window + i + 32), byte);
    if (_mm256_movemask_epi8(_mm256_and_si256(low, high)) == -1) continue;
    const std::uint64_t equal = static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
                                std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(high))} << 32;
    i += static_cast<unsigned>(__builtin_ctzll(~equal));
    return i < end ? i : end;
  }
  return end;
}

}  // namespace

Run find_run_avx2(const std::uint8_t* window, std::size_t from, std::size_t end) {
  static_assert(kMinRun == 8, "three doublings below");
  std::uint64_t equal = equal_bytes(window + from, window + from - 1);
  for (std::size_t at = from; at < end; at += 32) {
    equal |= equal_bytes(window + at + 32, window + at + 31) << 32;
    std::uint64_t runs = equal & equal >> 1;
    runs &= runs >> 2;
    runs &= runs >> 4;
    const auto starts = static_cast<std::uint32_t>(runs);
    if (starts != 0) {
      const std::size_t start = at + static_cast<unsigned>(__builtin_ctz(starts));
      if (start + kMinRun > end) break;  // bytes past `end` are unspecified
      return {start, run_end(window, start + kMinRun, end)};
    }
    equal >>= 32;
  }
  return {end, end};
}

std::size_t match_length_avx2(const std::uint8_t* window, std::size_t at, std::size_t distance,
                              std::size_t end) {
  std::size_t i = at;
  while (i < end) {
    const std::uint64_t equal = equal_bytes(window + i, window + i - distance) |
                                equal_bytes(window + i + 32, window + i + 32 - distance) << 32;
    if (~equal != 0) {
      i += static_cast<unsigned>(__builtin_ctzll(~equal));
      break;
    }
    i += 64;
  }
  return (i < end ? i : end) - at;
}

}  // namespace tickertape::match_impl

#endif
