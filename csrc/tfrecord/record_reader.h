// Reads TFRecords from a file, checks every CRC, and finds the next record after damage. L2.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/os/file.h"
#include "tfrecord/range_crcs.h"
#include "tfrecord/record_run.h"
#include "tfrecord/scan_work.h"

namespace tickertape {

// The data length in a record header; nothing if its CRC is wrong. `header` has kHeaderBytes bytes.
std::optional<std::uint64_t> record_length(const std::uint8_t* header);

// A part of a file that holds no record.
struct DamagedRegion {
  std::uint64_t offset;
  std::uint64_t size;
};

// Walks the records of one file, which may still grow. Not thread-safe.
//
// After damage it continues with the next whole record, also if the damage looks like record headers. The
// work for that is linear in the size of the file: see `work()` and
// tests/native/tfrecord/record_damage_test.cc. Memory: a buffer of 1 MiB, or of the largest whole record;
// after damage also 1/64 of the file's size. No length in a file makes it allocate more.
class RecordReader {
 public:
  // Starts at `offset`, which must be the start of a record. Throws IoError, also if `path` is no regular
  // file.
  explicit RecordReader(const std::string& path, std::uint64_t offset = 0);
  // The same with a file that is open to read, and with memory to use for its bytes.
  explicit RecordReader(File file, std::uint64_t offset = 0, Buffer memory = {});

  // `check` can end next() with Interrupted; the next call of next() continues.
  void set_interrupt_check(InterruptCheck check) { work_.set_interrupt_check(std::move(check)); }

  // The next record's data, valid until the next call. Returns false at the end of what can be read; a later
  // call continues if the file has grown. Throws IoError, Interrupted.
  bool next(Bytes& data);

  // The same, but false also if the next record is not whole in memory: next() then says what there is.
  bool next_in_memory(Bytes& data);

  // The next records, as many of them as lie in the buffer and fit in `places`: their number, and `window`,
  // the bytes that `places` are in. Both are valid until the next call. 0 if next() would return false.
  std::size_t next_run(Bytes& window, std::span<RecordPlace> places);

  // Lets next() give up after damage if no record starts within `bytes` behind it. By default it searches to
  // the end of the file.
  void set_search_limit(std::uint64_t bytes) { search_limit_ = bytes; }

  // Reads the file as if it ended at `end`, although it may be longer by now. To find that end then takes no
  // system call.
  void set_end(std::uint64_t end) { end_ = end; }

  // Where the next record starts, or would start.
  std::uint64_t offset() const { return offset_; }

  // The regions that were skipped so far. A whole record follows each of them.
  const std::vector<DamagedRegion>& damage() const { return damage_; }

  // Bytes after the last record that are not a record (yet).
  std::uint64_t tail_bytes() const;

  // For tests: keep CRCs as soon as supposed records have failed for this many bytes more than the reader has
  // advanced.
  void set_free_bytes(std::uint64_t bytes) { free_bytes_ = bytes; }

  // How many bytes were read and checksummed so far.
  const ScanWork& work() const { return work_; }

  const File& file() const { return file_; }

  // Memory that the reader holds for the file's bytes.
  std::size_t buffer_bytes() const { return window_.capacity() + chunk_.capacity(); }

  // The memory that the last records lie in, for the next reader. This one may not be used any more.
  Buffer take_memory() { return std::move(window_); }

 private:
  // What the bytes at offset() are.
  enum class Found { kRecord, kEnd, kNoRecord };

  Found parse_record(Bytes& data);
  bool find_next_record();
  std::optional<std::uint64_t> find_in(Bytes window, std::uint64_t from, std::uint64_t file_size,
                                       std::uint64_t& first_unfinished);
  bool is_whole_record(std::uint64_t offset, std::uint64_t length);
  bool is_whole_if_read(std::uint64_t offset, std::uint64_t length);
  bool may_fail(std::uint64_t length) const;
  Bytes buffered(std::uint64_t from, std::size_t wanted);
  std::uint64_t file_size() const { return std::min(file_.size(), end_); }

  File file_;
  ScanWork work_;
  Buffer window_;                        // the bytes of the file from window_at_ on
  std::uint64_t window_at_;              // offset in the file
  std::uint64_t start_;                  // where the reader started
  std::uint64_t offset_;                 // where the next record starts
  std::uint64_t searched_;               // no whole record starts in [offset_, searched_)
  std::uint64_t whole_at_ = UINT64_MAX;  // a whole record starts here, as a search found; UINT64_MAX: nowhere
  std::uint64_t search_limit_ = UINT64_MAX;
  std::uint64_t end_ = UINT64_MAX;        // see set_end()
  std::uint64_t free_bytes_;              // how many bytes may fail at first, see may_fail()
  std::uint64_t failed_bytes_ = 0;        // bytes of supposed records that were read and whose CRC was wrong
  std::uint64_t seen_size_ = UINT64_MAX;  // of the file, if the last record reached past it
  RangeCrcs crcs_;
  Buffer chunk_;
  std::vector<DamagedRegion> damage_;
};

}  // namespace tickertape
