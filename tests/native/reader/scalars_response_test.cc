// Fewer points of a curve, and the message with them, byte by byte. tests/unit/serve/ compares with protobuf.
#include "reader/scalars_response.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "check.h"
#include "reader/extremes.h"

namespace tickertape {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using Numbers = std::vector<std::size_t>;

TEST(as_many_points_as_asked_for) {
  for (std::size_t count = 0; count < 40; ++count) {
    const std::vector<double> same(count, 1.0);
    std::vector<double> rising(count);
    for (std::size_t i = 0; i < count; ++i) rising[i] = static_cast<double>(i);
    for (std::size_t points = 4; points < 45; ++points) {
      const std::size_t expected = count <= points ? count : points - points % 2;
      CHECK_EQ(extremes(same, points).size(), expected);
      CHECK_EQ(extremes(rising, points).size(), expected);
    }
  }
}

TEST(few_points) {
  const std::vector<double> values{1, 5, 2, 0, 3};
  CHECK(extremes(values, 0).empty());
  CHECK(extremes(values, 1) == Numbers({4}));
  CHECK(extremes(values, 2) == Numbers({0, 4}));
  CHECK(extremes(values, 3) == Numbers({0, 4}));
  CHECK(extremes(values, 4) == Numbers({0, 1, 3, 4}));
  CHECK(extremes(values, 5) == Numbers({0, 1, 2, 3, 4}));
  CHECK(extremes({}, 0).empty());
}

TEST(nan_is_no_extreme) {
  const std::vector<double> values{kNan, kNan, 2, kNan, 7, kNan, kNan};
  CHECK(extremes(values, 4) == Numbers({0, 2, 4, 6}));
  const std::vector<double> nothing(9, kNan);
  CHECK(extremes(nothing, 4) == Numbers({0, 1, 7, 8}));
}

TEST(the_message) {
  const std::vector<std::int64_t> step{1, 300};
  const std::vector<double> wall_time{1.0, 2.0}, value{0.5, -1.0};
  const Buffer message = scalars_response({{"r", {{"t", step, wall_time, value}}}}, 10);
  const std::string data(
      "\x0a\x03\x01\xac\x02"                            // steps
      "\x12\x10\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\x40"  // wall times
      "\x1a\x08\0\0\0\x3f\0\0\x80\xbf",                 // values
      5 + 18 + 10);
  const std::string tag = std::string("\x0a\x01t\x12\x21", 5) + data;
  const std::string run = std::string("\x0a\x01r\x12\x26", 5) + tag;
  CHECK(as_text(message.bytes()) == std::string("\x0a\x2b", 2) + run);
  CHECK(scalars_response({}, 10).empty());
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
