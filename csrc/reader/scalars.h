// Event file to columns: every scalar by tag. L4.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tfrecord/record_reader.h"

namespace tickertape {

// One tag's values in file order; the three vectors have the same length.
struct ScalarSeries {
  std::string tag;
  std::vector<std::int64_t> steps;
  std::vector<double> wall_times;
  std::vector<double> values;
};

// What was found in one file.
struct FileScalars {
  std::vector<ScalarSeries> series;  // tags in the order of their first value
  std::vector<DamagedRegion>
      damaged;  // what was skipped, in file order: damage, and records that are no Event
};

// The scalars of one file, old style and new. Ends with Interrupted if `check` says so. Throws IoError.
FileScalars read_scalars(const std::string& path, InterruptCheck check = nullptr);

}  // namespace tickertape
