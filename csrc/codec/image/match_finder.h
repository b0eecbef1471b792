// Finds repetitions in filtered pixels: runs of one byte, and earlier strings if looking for them pays. L1;
// between the PNG filters and the deflate writer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "codec/image/deflate.h"

namespace tickertape {

// Bytes past the end of its input that a MatchFinder may read. Their values do not matter.
inline constexpr std::size_t kMatchSlack = 64;

namespace match_impl {

// The shortest run that becomes a match: 8 zeros cost about 8 to 20 bits as literals, a match of distance 1
// about 8. Measured: 6, 8 and 12 differ by less than 1 % on our test images.
inline constexpr std::size_t kMinRun = 8;

// Bytes [begin, end), each equal to the byte before it.
struct Run {
  std::size_t begin, end;
  bool operator==(const Run&) const = default;
};

// The first run of at least kMinRun bytes in [from, end), cut off at `end`; {end, end} if there is none.
// `from` is at least 1. May read kMatchSlack bytes past `end`.
Run find_run_portable(const std::uint8_t* window, std::size_t from, std::size_t end);

// The number of bytes from `at` on, before `end`, that equal those `distance` before them. May read
// kMatchSlack bytes past `end`.
std::size_t match_length_portable(const std::uint8_t* window, std::size_t at, std::size_t distance,
                                  std::size_t end);

#if defined(__x86_64__)
Run find_run_avx2(const std::uint8_t* window, std::size_t from, std::size_t end);
std::size_t match_length_avx2(const std::uint8_t* window, std::size_t at, std::size_t distance,
                              std::size_t end);
#endif

}  // namespace match_impl

// Remembers the positions of strings in one deflate stream. Not thread-safe.
class MatchFinder {
 public:
  MatchFinder();

  // Appends the tokens that encode window[begin, end) to `tokens`. window[0, begin) is the data before it,
  // and window[0] is byte `offset` of the stream. The result depends on the bytes alone, not on the
  // processor.
  void find(const std::uint8_t* window, std::size_t begin, std::size_t end, std::uint64_t offset,
            std::vector<Token>& tokens);

 private:
  struct Match {
    std::size_t at = 0;
    std::size_t length = 0;
    std::size_t distance = 0;
  };

  // What samples say of a block.
  struct Estimate {
    std::uint32_t literal_cost;  // the average, in quarters of a bit
    bool has_runs;               // if not, looking for runs is not worth its time
  };

  // Sets `costs_`.
  Estimate estimate_costs(const std::uint8_t* from, std::size_t size);
  std::int64_t saving(const std::uint8_t* from, const Match& match) const;
  template <std::size_t key_size>
  Match probe(const std::uint8_t* window, std::size_t from, std::size_t to, std::size_t end,
              std::uint64_t offset);

  // The implementations for this processor.
  decltype(&match_impl::find_run_portable) find_run_ = match_impl::find_run_portable;
  decltype(&match_impl::match_length_portable) match_length_ = match_impl::match_length_portable;

  // Where a key was seen last: the low bits of its stream offset. `tag` has bits of the hash that are not the
  // index. If it differs, the strings differ, and the window need not be read.
  struct Seen {
    std::uint16_t offset, tag;
  };

  static constexpr unsigned kHashBits = 13;
  std::array<Seen, 1U << kHashBits> seen_{};
  // The cost of each byte as a literal in the current block, in quarters of a bit.
  std::array<std::uint32_t, 256> costs_;
  std::int64_t credit_ = 0;  // number of probes that the current block has left
};

}  // namespace tickertape
