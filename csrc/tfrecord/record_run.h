// Many small records at once: the whole ones that follow each other in memory. L2; RecordReader::next_run().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace tickertape {

// The data of a record within the bytes that were searched.
struct RecordPlace {
  std::size_t offset;
  std::size_t size;
};

// Finds the records that follow each other from the front of `bytes`: at most places.size() of them, up to
// the first that is not whole. Length CRC and data CRC of each are right. Returns their number. Thread-safe.
// One call for many records, so that the CRC instruction is part of the loop.
std::size_t find_record_run(Bytes bytes, std::span<RecordPlace> places);

// One implementation; all of them find the same. Tests run each.
struct RecordRunImplementation {
  const char* name;
  std::size_t (*find)(Bytes bytes, std::span<RecordPlace> places);
};

// Those that this processor can run, the fastest first, the portable one last.
std::span<const RecordRunImplementation> record_run_implementations();

}  // namespace tickertape
