// Event file to columns: every scalar by tag. L4.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tickertape {

// One tag's values in file order; the three vectors have the same length.
struct ScalarSeries {
  std::string tag;
  std::vector<std::int64_t> steps;
  std::vector<double> wall_times;
  std::vector<double> values;
};

// The scalars of one file, old style and new, tags in the order of their first value. Passes over damaged
// records and events that are none. Throws IoError.
std::vector<ScalarSeries> read_scalars(const std::string& path);

}  // namespace tickertape
