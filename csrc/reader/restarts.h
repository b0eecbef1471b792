// Which rows of a run are void because a training began again at an earlier step. L4.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "reader/file_index.h"

namespace tickertape {

enum class Restarts : std::uint8_t {
  kAsTensorboard,  // what TensorBoard shows: see below
  kNewest,  // from the first step that a later file has for a tag and kind, the file wins over earlier ones
  kAll,     // nothing is void
};

// "as-tensorboard", "newest", "all".
std::optional<Restarts> restarts_of_name(std::string_view name);

// One byte a row, 1 if it is live; empty if every row of the series is.
using LiveRows = std::vector<std::uint8_t>;

// The live rows of the files of one run, in their order: [file][series].
//
// kAsTensorboard: a SessionLog START at step T makes everything before it with a step of T or more void,
// except for the first START, which is the beginning of the run. As long as no file version of 2 or more
// came, an event whose step is less than the one before makes the rows of its tags from that step on void
// instead. Events whose values were filtered out are not seen. Source: tensorboard's
// plugin_event_accumulator.py.
std::vector<std::vector<LiveRows>> live_rows(const std::vector<std::shared_ptr<const FileIndex>>& files,
                                             Restarts restarts);

}  // namespace tickertape
