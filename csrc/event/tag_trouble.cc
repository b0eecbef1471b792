// Each rule was tried with TensorBoard 2.21 and Chromium 156. L2.
#include "event/tag_trouble.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tickertape {
namespace {

// The properties of JavaScript's Object.prototype (ECMA-262, 20.1.3 and B.2.2). The page keeps tags and their
// categories as keys of plain objects, and finds these there before it has put them in.
constexpr std::array<std::string_view, 12> kOfEveryObject = {
    "__proto__",        "constructor",      "toString",         "valueOf",
    "hasOwnProperty",   "isPrototypeOf",    "toLocaleString",   "propertyIsEnumerable",
    "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"};

// TensorBoard's server refuses requests of more than 65,536 bytes with status 414 (Python's http/server.py,
// handle_one_request). What is left is for the path and the name of the run.
constexpr std::size_t kMostBytesOfRequest = 65'000;
constexpr std::size_t kShown = 40;  // bytes of a long tag in the message

// As encodeURIComponent() has it, at least.
std::size_t encoded_size(std::string_view tag) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.!~*'()").find(c) != std::string_view::npos;
  };
  const auto plain = static_cast<std::size_t>(std::count_if(tag.begin(), tag.end(), is_plain));
  return plain + 3 * (tag.size() - plain);
}

// The first characters of a tag, for messages.
std::string beginning(std::string_view tag) {
  if (tag.size() <= kShown) return std::string(tag);
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(tag[end]) & 0xC0) == 0x80) --end;  // inside a character
  return std::string(tag.substr(0, end)) + "...";
}

}  // namespace

std::string tag_trouble(std::string_view tag) {
  const std::string_view category = tag.substr(0, tag.find('/'));
  if (std::find(kOfEveryObject.begin(), kOfEveryObject.end(), category) != kOfEveryObject.end()) {
    return "tag: expected another name before the first / than '" + std::string(category) +
           "', which every JavaScript object has, got '" + beginning(tag) +
           "'; TensorBoard's pages stay empty with it; use another tag (said once for this tag)";
  }
  if (tag.size() <= kMostBytesOfRequest / 3) return {};
  const std::size_t size = encoded_size(tag);
  if (size <= kMostBytesOfRequest) return {};
  return "tag: expected at most " + std::to_string(kMostBytesOfRequest) +
         " bytes once it is percent-encoded, got " + std::to_string(size) +
         ", which TensorBoard's server refuses (414); use a shorter tag than '" + beginning(tag) +
         "' (said once for this tag)";
}

}  // namespace tickertape
