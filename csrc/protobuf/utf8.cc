// Whether bytes are UTF-8. L1.
#include "protobuf/utf8.h"

#include <cstddef>

#include "base/endian.h"

namespace tickertape::protobuf {
namespace {

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

// The number of bytes of the character at `at`, whose high bit is set; 0 if it is not a character. RFC 3629,
// section 4.
std::size_t sequence_bytes(const std::uint8_t* at, std::size_t left) {
  const std::uint8_t first = at[0];
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (left < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(at[i])) return 0;
  }
  if (first == 0xE0 && at[1] < 0xA0) return 0;  // overlong
  if (first == 0xED && at[1] > 0x9F) return 0;  // surrogates
  if (first == 0xF0 && at[1] < 0x90) return 0;  // overlong
  if (first == 0xF4 && at[1] > 0x8F) return 0;  // above U+10FFFF
  return size;
}

}  // namespace

bool is_utf8(Bytes bytes) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  for (std::size_t at = 0; at < bytes.size();) {
    while (bytes.size() - at >= 8 && (load_le<std::uint64_t>(bytes.data() + at) & kHighBits) == 0) at += 8;
    if (at == bytes.size()) return true;
    if (bytes[at] < 0x80) {
      ++at;
      continue;
    }
    const std::size_t size = sequence_bytes(bytes.data() + at, bytes.size() - at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

}  // namespace tickertape::protobuf
