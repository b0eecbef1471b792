// Writes data as TFRecords into a buffer. L2; the sequencer calls it, a sink takes the bytes.
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace tickertape {

// A record whose data is written in place, after the room for its header:
//   RecordBuilder record(out); ...append data to out...; record.finish();
// If it is not finished, its destructor removes what was appended from the buffer.
class RecordBuilder {
 public:
  explicit RecordBuilder(Buffer& out);
  ~RecordBuilder();
  RecordBuilder(const RecordBuilder&) = delete;
  RecordBuilder& operator=(const RecordBuilder&) = delete;

  // Writes length and CRCs around the data appended since construction.
  void finish();

 private:
  Buffer& out_;
  std::size_t start_;
  bool finished_ = false;
};

// Appends `data` as one record.
void append_record(Buffer& out, Bytes data);

}  // namespace tickertape
