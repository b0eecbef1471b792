// Texts that may hold names of files, for messages. L0.
#pragma once

#include <string>
#include <string_view>

namespace tickertape {

// `text` (any bytes) with its control characters as \\xNN, those of Unicode (U+0080 to U+009F) included: a
// file's name may hold some that would move a terminal's cursor or look like another line of output.
inline std::string printable(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string result;
  result.reserve(text.size());
  const auto escape = [&](unsigned char byte) {
    result += "\\x";
    result += kDigits[byte >> 4];
    result += kDigits[byte & 15];
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
      escape(byte);
      escape(static_cast<unsigned char>(next));
      ++i;
    } else if (byte < 0x20 || byte == 0x7F) {
      escape(byte);
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace tickertape
