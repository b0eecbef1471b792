// Steps and wall times that go back within a series. L4.
#include "reader/event_order.h"

namespace tickertape {
namespace {

constexpr std::size_t kMostTagBytes = 60;

std::string quoted(std::string_view tag) {
  if (tag.size() <= kMostTagBytes) return "'" + std::string(tag) + "'";
  std::size_t end = kMostTagBytes;
  while ((static_cast<unsigned char>(tag[end]) & 0xC0U) == 0x80U) --end;  // not inside a character
  return "'" + std::string(tag.substr(0, end)) + "...'";
}

}  // namespace

std::string steps_go_back(std::int64_t from, std::int64_t to, std::string_view tag) {
  return "steps go back from " + std::to_string(from) + " to " + std::to_string(to) + " at tag " +
         quoted(tag);
}

std::string wall_times_go_back(std::string_view tag) { return "wall times go back at tag " + quoted(tag); }

}  // namespace tickertape
