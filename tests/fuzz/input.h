// Shared by the fuzz targets: reads values from an input, and ends the process if a promise is broken.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/bytes.h"

// The entry point of libFuzzer. replay.cc calls it as well.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Not CHECK, because the fuzzer keeps the input on which the process ends.
#define PROMISE(condition)                                                                 \
  do {                                                                                     \
    if (!(condition)) {                                                                    \
      std::fprintf(stderr, "%s:%d: promise broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                        \
    }                                                                                      \
  } while (false)

namespace tickertape::fuzz {

// Takes numbers and bytes from the front of an input. Past its end everything is 0, so that every prefix of
// an input is valid.
class Input {
 public:
  explicit Input(Bytes bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::size_t size() const { return rest_.size(); }

  Bytes take_bytes(std::size_t most) {
    const Bytes taken = rest_.first(std::min(most, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  Bytes take_rest() { return take_bytes(rest_.size()); }

  template <typename T>
  T take() {
    T value{};
    const Bytes taken = take_bytes(sizeof value);
    if (!taken.empty()) std::memcpy(&value, taken.data(), taken.size());
    return value;
  }
  std::uint8_t byte() { return take<std::uint8_t>(); }
  // A number from 0 to `most`, which is at most 65,535.
  std::size_t up_to(std::size_t most) { return take<std::uint16_t>() % (most + 1); }

 private:
  Bytes rest_;
};

// Returns `size` bytes that repeat, ramp, look random or are copied from earlier ones, as the rest of `input`
// describes. Such data exercises compressors. The last instruction applies to all remaining bytes.
inline std::vector<std::uint8_t> paint(Input& input, std::size_t size) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(size);
  while (bytes.size() < size) {
    const bool last = input.empty();
    const unsigned what = input.byte() % 5;
    const std::size_t wanted = last ? size : 1 + input.up_to(what == 0 ? 32 : 4096);
    const std::size_t end = std::min(size, bytes.size() + wanted);
    const std::uint8_t value = input.byte();
    const std::size_t distance = 1 + (what == 3 ? input.up_to(65535) : 0);
    std::uint32_t random = value + 1U;
    if (what == 0 && !last) {
      const Bytes literal = input.take_bytes(end - bytes.size());
      bytes.insert(bytes.end(), literal.begin(), literal.end());
      continue;
    }
    while (bytes.size() < end) {
      const std::size_t at = bytes.size();
      random = random * 1664525U + 1013904223U;  // Numerical Recipes' generator
      switch (what) {
        case 2:
          bytes.push_back(static_cast<std::uint8_t>(value + at));
          break;
        case 3:
          bytes.push_back(at >= distance ? bytes[at - distance] : value);
          break;
        case 4:
          bytes.push_back(static_cast<std::uint8_t>(random >> 24));
          break;
        default:
          bytes.push_back(value);
      }
    }
  }
  return bytes;
}

}  // namespace tickertape::fuzz
