// One record whose place is known. L2.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/os/file.h"
#include "tfrecord/format.h"

namespace tickertape {

// Reads the whole record that starts at `offset` and has `length` bytes of data, header and CRCs included
// (see record_data()). Throws DataError if no such record is there with right CRCs, IoError. Allocates no
// more than the file has.
Buffer read_record(const File& file, std::uint64_t offset, std::uint64_t length);

// The data in what read_record() returned.
inline Bytes record_data(const Buffer& record) {
  return record.bytes().subspan(record_format::kHeaderBytes, record.size() - record_format::kOverheadBytes);
}

}  // namespace tickertape
