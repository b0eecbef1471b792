// Finds what repeats in filtered pixels: runs of one byte everywhere, and earlier strings where looking pays.
// L1. Between the PNG filters and deflate's block writer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "codec/image/deflate.h"

namespace tickertape {

// Bytes behind the end of what a MatchFinder looks at that it may read, though never use.
inline constexpr std::size_t kMatchSlack = 64;

namespace match_impl {

// A run is worth a match when this many bytes equal the one before them: 8 zeros cost about 8 to 20 bits as
// literals, a match of distance 1 about 8 (measured: 6, 8 and 12 differ by less than 1 % on our test images).
inline constexpr std::size_t kMinRun = 8;

// Bytes [begin, end) that equal the one before them.
struct Run {
  std::size_t begin, end;
  bool operator==(const Run&) const = default;
};

// The first run of kMinRun bytes or more in [from, end), as far as it reaches before `end`; {end, end} where
// there is none. 1 <= from. May read kMatchSlack bytes behind `end`.
Run find_run_portable(const std::uint8_t* window, std::size_t from, std::size_t end);

// How many bytes from `at` on equal those `distance` before them, up to `end`. May read kMatchSlack bytes
// behind it.
std::size_t match_length_portable(const std::uint8_t* window, std::size_t at, std::size_t distance,
                                  std::size_t end);

#if defined(__x86_64__)
Run find_run_avx2(const std::uint8_t* window, std::size_t from, std::size_t end);
std::size_t match_length_avx2(const std::uint8_t* window, std::size_t at, std::size_t distance,
                              std::size_t end);
#endif

}  // namespace match_impl

// Remembers where strings were seen in one deflate stream. Not thread-safe.
class MatchFinder {
 public:
  MatchFinder();

  // Appends the tokens that stand for window[begin, end) to `tokens`. window[0, begin) is what went before;
  // window[0] is byte `offset` of the stream. Everything depends on the bytes alone, not on the processor.
  void find(const std::uint8_t* window, std::size_t begin, std::size_t end, std::uint64_t offset,
            std::vector<Token>& tokens);

 private:
  struct Match {
    std::size_t at = 0;
    std::size_t length = 0;
    std::size_t distance = 0;
  };

  std::uint32_t estimate_costs(const std::uint8_t* from, std::size_t size);
  std::int64_t saving(const std::uint8_t* from, const Match& match) const;
  template <std::size_t key_size>
  Match probe(const std::uint8_t* window, std::size_t from, std::size_t to, std::size_t end,
              std::uint64_t offset);

  // The twins for this processor.
  decltype(&match_impl::find_run_portable) find_run_ = match_impl::find_run_portable;
  decltype(&match_impl::match_length_portable) match_length_ = match_impl::match_length_portable;

  static constexpr unsigned kHashBits = 13;
  std::array<std::uint32_t, 1U << kHashBits>
      seen_{};  // low half of the stream offset where a hash was seen last
  std::array<std::uint32_t, 256>
      costs_;                // what a byte of the current block costs as a literal, in quarters of a bit
  std::int64_t credit_ = 0;  // probes that the current block may still spend
};

}  // namespace tickertape
