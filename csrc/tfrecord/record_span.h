// Where a file can be cut: whole records that follow each other. L2.
#pragma once

#include <cstdint>
#include <string>

#include "tfrecord/scan_work.h"

namespace tickertape {

// Bytes [begin, end) of a file.
struct RecordSpan {
  std::uint64_t begin;
  std::uint64_t end;
};

// The first whole records of the file `path` from `offset` on, at most `most_bytes` of them, but at least
// one. No damage is among them: what is damaged before the first one is left out, so `begin` may be behind
// `offset`; the span ends before the next damage. Without a whole record both are `offset`: what is there may
// be a record that is still being written. Every CRC is checked.
//
// `offset` must be the start of a record. Throws IoError, also if `path` is no regular file; Interrupted.
RecordSpan find_record_span(const std::string& path, std::uint64_t offset, std::uint64_t most_bytes,
                            InterruptCheck check = nullptr);

}  // namespace tickertape
