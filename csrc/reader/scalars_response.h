// Columns of scalars as the message ReadScalarsResponse of TensorBoard's data provider. L4;
// bindings/serving.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace tickertape {

// The scalars of a tag: as many steps and wall times as values. Not owned.
struct ScalarColumns {
  std::string tag;
  std::span<const std::int64_t> step;
  std::span<const double> wall_time;
  std::span<const double> value;
};

struct ScalarRun {
  std::string name;
  std::vector<ScalarColumns> tags;
};

// The serialised message, of each tag with at most `points` values, which extremes() picks. Values are stored
// as float, which is all that the message has. Source: tensorboard/data/proto/data_provider.proto. Throws
// std::bad_alloc.
Buffer scalars_response(const std::vector<ScalarRun>& runs, std::size_t points);

}  // namespace tickertape
