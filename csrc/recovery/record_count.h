// How many whole records a file has from a place on. L4; what recovery decides by.
#pragma once

#include <cstdint>

#include "base/os/file.h"

namespace tickertape {

struct RecordCount {
  std::uint64_t records = 0;
  std::uint64_t end = 0;  // behind the last of them
};

// Counts records from byte `from` of a file of `size` bytes up to the first that is not whole: both CRCs are
// checked. Reads each byte once, in pieces. Throws IoError.
RecordCount count_records(const File& file, std::uint64_t from, std::uint64_t size);

}  // namespace tickertape
