// Steps and wall times that go back within a series: what is said of them. L4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tickertape {

// "steps go back from 7 to 3 at tag 'loss'". A long tag is cut off.
std::string steps_go_back(std::int64_t from, std::int64_t to, std::string_view tag);
std::string wall_times_go_back(std::string_view tag);

}  // namespace tickertape
