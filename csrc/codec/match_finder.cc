// The parse: runs first, and between them one-probe hashing that stops where it finds too little. L1.
#include "codec/match_finder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/cpu.h"
#include "base/endian.h"

namespace tickertape {
namespace match_impl {

std::size_t find_run_portable(const std::uint8_t* window, std::size_t from, std::size_t end) {
  std::size_t start = from;
  for (std::size_t i = from; i < end; ++i) {
    if (window[i] != window[i - 1]) {
      start = i + 1;
    } else if (i + 1 - start == kMinRun) {
      return start;
    }
  }
  return end;
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

namespace {

std::size_t find_run(const std::uint8_t* window, std::size_t from, std::size_t end) {
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) return find_run_avx2(window, from, end);
#endif
  return find_run_portable(window, from, end);
}

std::size_t match_length(const std::uint8_t* window, std::size_t at, std::size_t distance, std::size_t end) {
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) return match_length_avx2(window, at, distance, end);
#endif
  return match_length_portable(window, at, distance, end);
}

}  // namespace
}  // namespace match_impl

namespace {

using match_impl::kMinRun;

constexpr std::size_t kMinMatch = 8;  // the bytes that are hashed
// Probes that a block may spend without any success: 3 % of a large block, everything in a small one.
constexpr std::int64_t kFreeProbes = 4096;
// Probes that each matched byte pays for: looking goes on while at least a quarter of the bytes are found
// again.
constexpr std::int64_t kProbesPerByte = 4;

// Splits a match that is longer than deflate allows, leaving no piece below deflate's minimum of 3.
void add_match(std::size_t literals, std::size_t length, std::size_t distance, std::vector<Token>& tokens) {
  while (length > 0) {
    std::size_t piece = std::min<std::size_t>(length, kMaxMatch);
    if (length - piece > 0 && length - piece < 3) piece = length - 3;
    tokens.push_back({static_cast<std::uint32_t>(literals), static_cast<std::uint16_t>(piece),
                      static_cast<std::uint16_t>(distance)});
    literals = 0;
    length -= piece;
  }
}

}  // namespace

MatchFinder::Match MatchFinder::probe(const std::uint8_t* window, std::size_t from, std::size_t to,
                                      std::size_t end, std::uint64_t offset) {
  for (std::size_t at = from; at < to && credit_ > 0; ++at, --credit_) {
    const auto bytes = load_le<std::uint64_t>(window + at);
    // Fibonacci hashing: 2^64 divided by the golden ratio.
    const std::uint64_t hash = bytes * 0x9E3779B97F4A7C15U >> (64 - kHashBits);
    const auto position = static_cast<std::uint32_t>(offset + at);
    const std::size_t distance = position - seen_[hash];
    seen_[hash] = position;
    if (distance - 1 < std::min<std::size_t>(at, kMaxDistance) &&
        load_le<std::uint64_t>(window + at - distance) == bytes) {
      return {at, match_impl::match_length(window, at, distance, end), distance};
    }
  }
  return {};
}

void MatchFinder::find(const std::uint8_t* window, std::size_t begin, std::size_t end, std::uint64_t offset,
                       std::vector<Token>& tokens) {
  credit_ = kFreeProbes;
  std::size_t literals_from = begin;
  std::size_t at = std::max<std::size_t>(begin, 1);
  std::size_t run = match_impl::find_run(window, at, end);
  while (at < end) {
    const Match match = probe(window, at, std::min(run, end - std::min(end, kMinMatch - 1)), end, offset);
    if (match.length != 0) {
      credit_ += kProbesPerByte * static_cast<std::int64_t>(match.length);
      add_match(match.at - literals_from, match.length, match.distance, tokens);
      at = match.at + match.length;
      if (at > run) run = match_impl::find_run(window, at, end);
    } else if (run < end) {
      const std::size_t length = kMinRun + match_impl::match_length(window, run + kMinRun, 1, end);
      add_match(run - literals_from, length, 1, tokens);
      at = run + length;
      run = match_impl::find_run(window, at, end);
    } else {
      break;
    }
    literals_from = at;
  }
  if (literals_from < end) tokens.push_back({static_cast<std::uint32_t>(end - literals_from), 0, 0});
}

}  // namespace tickertape
