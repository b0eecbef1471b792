// Frames data as TFRecords inside a buffer. L2; the sequencer calls it, a sink takes the bytes.
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace tickertape {

// A record whose data is written in place behind the room for its header:
//   RecordBuilder frame(out); ...append data to out...; frame.finish();
// One that is not finished takes what was appended back out of the buffer.
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
