// Finds runs first, and between them earlier strings with one hash probe for each position. L1; part of the
// PNG encoder. Probing stops in a block where it finds too little.
#include "codec/image/match_finder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/cpu.h"
#include "base/endian.h"

namespace tickertape {
namespace match_impl {

Run find_run_portable(const std::uint8_t* window, std::size_t from, std::size_t end) {
  for (std::size_t begin = from; begin < end;) {
    std::size_t i = begin;
    while (i < end && window[i] == window[i - 1]) ++i;
    if (i - begin >= kMinRun) return {begin, i};
    begin = i + 1;
  }
  return {end, end};
}

std::size_t match_length_portable(const std::uint8_t* window, std::size_t at, std::size_t distance,
                                  std::size_t end) {
  std::size_t i = at;
  while (i < end) {
    const auto different = load_le<std::uint64_t>(window + i) ^ load_le<std::uint64_t>(window + i - distance);
    if (different != 0) {
      i += static_cast<std::size_t>(std::countr_zero(different)) / 8;
      break;
    }
    i += 8;
  }
  return std::min(i, end) - at;
}

}  // namespace match_impl

namespace {

using match_impl::Run;

// Strings are looked up by their first bytes. Short keys are good if literals are expensive. If literals are
// cheap (smooth gradients), short keys match everywhere and only long matches save bits.
constexpr std::size_t kShortKey = 6;
constexpr std::size_t kLongKey = 24;
// Literals that cost less than this on average use long keys; in quarters of a bit. Measured: 12 makes
// photographs 5 % slower and drawings 1 % larger.
constexpr std::uint32_t kLongKeyBelow = 8;
// Look-ups without success after which a block stops probing: half a percent of a large block. A long key
// occurs less often, so it gets more look-ups.
constexpr std::int64_t kFreeProbes = 1024;
constexpr std::int64_t kFreeProbesLongKey = 2048;
// The saving that must be reached for each look-up, in quarters of a bit; otherwise probing is not worth its
// time. Measured: 4 makes photographs and plots 15 to 30 % slower and at most 1 % smaller. With long keys, 8
// makes two of our smooth gradients 15 and 35 % larger, and no drawing faster.
constexpr std::int64_t kSavingPerProbe = 8;
constexpr std::int64_t kSavingPerProbeLongKey = 2;
// The number of look-ups that a match costs if it turns out not to save bits.
constexpr std::int64_t kProbesPerRefusal = 8;
// The saving of a match is estimated from its first bytes, as many as each match has. Measured: adding up to
// 16 took 4 % of the time of drawings, because the end of that loop is hard to predict.
constexpr std::size_t kWeighedBytes = kShortKey;
// A match counts as saving at most this many times its cost. Otherwise one long match would pay for all
// look-ups of a block.
constexpr std::uint64_t kMaxGain = 4;
// A match ends before a run of this length, because a match of distance 1 is much cheaper inside a run.
constexpr std::size_t kLongRun = 64;
// Costs are in quarters of a bit.
constexpr std::uint32_t kQuarters = 4;

// 4 * log2(value), interpolated between powers of two; 0 for 0. Integers only, so that every processor
// decides alike.
std::uint32_t quarter_log2(std::uint32_t value) {
  const auto whole = static_cast<std::uint32_t>(std::bit_width(value >> 1));
  return kQuarters * whole +
         static_cast<std::uint32_t>((std::uint64_t{value} * kQuarters >> whole) % kQuarters);
}

// The cost of a match: about 8 bits for the symbols of length and distance, and the distance's extra bits.
std::uint32_t match_cost(std::size_t distance) {
  return 8 * kQuarters + quarter_log2(static_cast<std::uint32_t>(distance));
}

// A key of the first `size` bytes of a string. Equal keys nearly always mean equal bytes.
template <std::size_t size>
std::uint64_t string_key(const std::uint8_t* from) {
  const auto first = load_le<std::uint64_t>(from);
  if constexpr (size <= 8) {
    return first << (64 - 8 * size);
  } else {
    static_assert(size == 24);
    // Odd multipliers without a pattern: digits of the square roots of 2 and 3.
    return first * 0x6A09E667F3BCC909U + load_le<std::uint64_t>(from + 8) * 0xBB67AE8584CAA73BU +
           load_le<std::uint64_t>(from + 16);
  }
}

// Splits a match that is longer than kMaxTokenMatch. No piece is shorter than deflate's minimum of 3.
void add_match(std::size_t literals, std::size_t length, std::size_t distance, std::vector<Token>& tokens) {
  while (length > 0) {
    std::size_t piece = std::min(length, kMaxTokenMatch);
    if (length - piece > 0 && length - piece < 3) piece = length - 3;
    tokens.push_back({static_cast<std::uint32_t>(literals), static_cast<std::uint16_t>(piece),
                      static_cast<std::uint16_t>(distance)});
    literals = 0;
    length -= piece;
  }
}

}  // namespace

MatchFinder::MatchFinder() {
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) {
    find_run_ = match_impl::find_run_avx2;
    match_length_ = match_impl::match_length_avx2;
  }
#endif
}

MatchFinder::Estimate MatchFinder::estimate_costs(const std::uint8_t* from, std::size_t size) {
  constexpr std::size_t kSamples = 1024;
  // An even step could coincide with the period of channels or rows; an odd one does not.
  const std::size_t step = size / kSamples | 1;
  std::array<std::uint32_t, 256> counts{};
  std::uint32_t total = 0;
  bool has_runs = false;
  for (std::size_t i = 0; i + 8 <= size; i += step) {
    const auto bytes = load_le<std::uint64_t>(from + i);
    if (bytes == std::rotl(bytes, 8)) {  // inside a run, so it will not be a literal
      has_runs = true;
      continue;
    }
    ++counts[from[i]];
    ++total;
  }
  std::uint32_t sum = 0;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    costs_[byte] = quarter_log2(2 * total + 1) - quarter_log2(2 * counts[byte] + 1);
    sum += counts[byte] * costs_[byte];
  }
  return {total != 0 ? sum / total : 0, has_runs};
}

std::int64_t MatchFinder::saving(const std::uint8_t* from, const Match& match) const {
  const std::size_t length = std::min(match.length, kMaxMatch);
  std::uint64_t literals = 0;
  for (std::size_t i = 0; i < kWeighedBytes; ++i) literals += costs_[from[i]];
  literals = literals * length / kWeighedBytes;
  const std::uint64_t cost = match_cost(match.distance);
  return static_cast<std::int64_t>(std::min(literals, kMaxGain * cost)) - static_cast<std::int64_t>(cost);
}

template <std::size_t key_size>
MatchFinder::Match MatchFinder::probe(const std::uint8_t* window, std::size_t from, std::size_t to,
                                      std::size_t end, std::uint64_t offset) {
  for (std::size_t at = from; at < to && credit_ > 0; ++at, --credit_) {
    // Fibonacci hashing: 2^64 divided by the golden ratio.
    const std::uint64_t hash = string_key<key_size>(window + at) * 0x9E3779B97F4A7C15U;
    const Seen now{static_cast<std::uint16_t>(offset + at),
                   static_cast<std::uint16_t>(hash >> (64 - kHashBits - 16))};
    const Seen before = std::exchange(seen_[hash >> (64 - kHashBits)], now);
    if (before.tag != now.tag) continue;
    const std::size_t distance = static_cast<std::uint16_t>(now.offset - before.offset);
    if (distance - 1 < std::min<std::size_t>(at, kMaxDistance)) {
      const Match match{at, match_length_(window, at, distance, end), distance};
      const std::int64_t saved = saving(window + at, match);
      if (saved > 0 && match.length >= key_size) {  // shorter if only the tags were equal
        credit_ += saved / (key_size == kLongKey ? kSavingPerProbeLongKey : kSavingPerProbe);
        return match;
      }
    }
    credit_ -= kProbesPerRefusal;
  }
  return {};
}

void MatchFinder::find(const std::uint8_t* window, std::size_t begin, std::size_t end, std::uint64_t offset,
                       std::vector<Token>& tokens) {
  const Estimate estimate = estimate_costs(window + begin, end - begin);
  const bool cheap = estimate.literal_cost < kLongKeyBelow;
  const std::size_t key_size = cheap ? kLongKey : kShortKey;
  credit_ = cheap ? kFreeProbesLongKey : kFreeProbes;
  std::size_t literals_from = begin;
  std::size_t at = std::max<std::size_t>(begin, 1);
  const auto next_run = [&](std::size_t from) {
    return estimate.has_runs ? find_run_(window, from, end) : Run{end, end};
  };
  Run run = next_run(at);
  while (at < end) {
    const std::size_t match_end = run.end - run.begin >= kLongRun ? run.begin : end;
    const std::size_t last_start = match_end - std::min(match_end, key_size - 1);
    const std::size_t stop = std::min(run.begin, last_start);
    const Match match = cheap ? probe<kLongKey>(window, at, stop, match_end, offset)
                              : probe<kShortKey>(window, at, stop, match_end, offset);
    if (match.length != 0) {
      add_match(match.at - literals_from, match.length, match.distance, tokens);
      at = match.at + match.length;
      if (at > run.begin) run = next_run(at);
    } else if (run.begin < end) {
      add_match(run.begin - literals_from, run.end - run.begin, 1, tokens);
      at = run.end;
      run = next_run(at);
    } else {
      break;
    }
    literals_from = at;
  }
  if (literals_from < end) tokens.push_back({static_cast<std::uint32_t>(end - literals_from), 0, 0});
}

}  // namespace tickertape
