// Reads TFRecords from a file, checks every CRC, and finds its way again after damage. L2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/os/file.h"

namespace tickertape {

// The data length that a record header states; nothing where its CRC is wrong. `header` has kHeaderBytes
// bytes.
std::optional<std::uint64_t> record_length(const std::uint8_t* header);

// A part of a file that holds no record.
struct DamagedRegion {
  std::uint64_t offset;
  std::uint64_t size;
};

// Walks the records of one file, which may still grow. Not thread-safe. Memory: one buffer of 1 MiB, or of
// the largest record's size; a length beyond the end of the file never makes it allocate.
class RecordReader {
 public:
  // Starts at `offset`, which must be where a record starts. Throws IoError.
  explicit RecordReader(const std::string& path, std::uint64_t offset = 0);

  // The next record's data, good until the next call. False at the end of what is readable; a later call goes
  // on where the file has grown. Throws IoError where reading fails.
  bool next(Bytes& data);

  // Where the next record starts, or would start.
  std::uint64_t offset() const { return base_ + at_; }

  // Regions passed over so far, because a whole record follows each.
  const std::vector<DamagedRegion>& damage() const { return damage_; }

  // Bytes behind the last record that are not (yet) one.
  std::uint64_t tail_bytes() const;

 private:
  // What the bytes at offset() are.
  enum class Found { kRecord, kEnd, kNoRecord };

  Found look(Bytes& data);
  bool fill(std::size_t wanted);
  bool fill_record(std::uint64_t length);
  bool find_next_record();
  void move_to(std::uint64_t offset);
  bool is_whole_record(std::uint64_t offset, std::uint64_t length, std::uint64_t file_size) const;

  File file_;
  Buffer buffer_;           // the bytes of the file from base_ on
  std::size_t at_ = 0;      // first byte of buffer_ not handed out
  std::uint64_t base_;      // offset in the file of the buffer's first byte
  std::uint64_t searched_;  // no whole record starts in [offset(), searched_)
  std::vector<DamagedRegion> damage_;
};

}  // namespace tickertape
