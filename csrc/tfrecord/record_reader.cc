// Reads TFRecords and resynchronises after damage. L2.
#include "tfrecord/record_reader.h"

#include <algorithm>

#include "base/endian.h"
#include "checksum/masked_crc.h"
#include "tfrecord/format.h"

namespace tickertape {

using namespace record_format;

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

MaskedCrc crc_at(const std::uint8_t* at) { return MaskedCrc::stored(load_le<std::uint32_t>(at)); }

}  // namespace

std::optional<std::uint64_t> record_length(const std::uint8_t* header) {
  if (MaskedCrc::of({header, kLengthBytes}) != crc_at(header + kLengthBytes)) return std::nullopt;
  return load_le<std::uint64_t>(header);
}

RecordReader::RecordReader(const std::string& path, std::uint64_t offset)
    : file_(File::open_to_read(path)), base_(offset), searched_(offset) {}

bool RecordReader::next(Bytes& data) {
  for (;;) {
    const Found found = look(data);
    if (found == Found::kRecord) return true;
    if (found == Found::kEnd || !find_next_record()) return false;
  }
}

std::uint64_t RecordReader::tail_bytes() const {
  const std::uint64_t size = file_.size();
  return size > offset() ? size - offset() : 0;
}

RecordReader::Found RecordReader::look(Bytes& data) {
  if (!fill(kHeaderBytes)) return buffer_.size() == at_ ? Found::kEnd : Found::kNoRecord;
  const std::optional<std::uint64_t> length = record_length(buffer_.data() + at_);
  if (!length) return Found::kNoRecord;
  if (!fill_record(*length)) return Found::kNoRecord;
  const std::uint8_t* start = buffer_.data() + at_ + kHeaderBytes;
  data = {start, static_cast<std::size_t>(*length)};
  if (MaskedCrc::of(data) != crc_at(start + *length)) return Found::kNoRecord;
  at_ += static_cast<std::size_t>(*length) + kOverheadBytes;
  return Found::kRecord;
}

// Makes a record of `length` bytes of data stand from at_ on; false where the file is too short for it.
bool RecordReader::fill_record(std::uint64_t length) {
  const std::uint64_t buffered = buffer_.size() - at_;
  if (length < buffered && buffered - length >= kOverheadBytes) return true;
  // A length that reaches behind the end is a record still being written, or no record at all; only what
  // follows in the file tells, so both are searched behind and stay here as the tail otherwise.
  const std::uint64_t available = std::max(file_.size(), offset()) - offset();
  if (length > available || available - length < kOverheadBytes) return false;
  return fill(static_cast<std::size_t>(length) + kOverheadBytes);
}

// Makes at least `wanted` bytes stand from at_ on; false where the file ends before.
bool RecordReader::fill(std::size_t wanted) {
  if (buffer_.size() - at_ >= wanted) return true;
  const std::size_t kept = buffer_.size() - at_;
  if (kept != 0) std::memmove(buffer_.data(), buffer_.data() + at_, kept);
  buffer_.truncate(kept);
  base_ += at_;
  at_ = 0;
  const std::size_t room = std::max(wanted, kReadBytes) - kept;
  buffer_.reserve_back(room);
  buffer_.commit(file_.read_at(base_ + kept, buffer_.data() + kept, room));
  return buffer_.size() >= wanted;
}

void RecordReader::move_to(std::uint64_t offset) {
  buffer_.clear();
  at_ = 0;
  base_ = offset;
}

// Looks for the next place behind offset() where a whole record stands. Moves there and notes what was passed
// over; or stays, where there is none yet.
bool RecordReader::find_next_record() {
  const std::uint64_t file_size = file_.size();
  std::uint64_t from = std::max(searched_, offset() + 1);
  std::uint64_t first_unfinished = UINT64_MAX;  // a header whose data may still come
  Buffer window;
  while (from + kOverheadBytes <= file_size) {
    window.clear();
    const std::size_t got = file_.read_at(from, window.reserve_back(kReadBytes), kReadBytes);
    if (got < kHeaderBytes) break;
    for (std::size_t i = 0; i + kHeaderBytes <= got; ++i) {
      const std::optional<std::uint64_t> length = record_length(window.data() + i);
      if (!length) continue;
      if (is_whole_record(from + i, *length, file_size)) {
        damage_.push_back({offset(), from + i - offset()});
        move_to(from + i);
        searched_ = from + i;
        return true;
      }
      const std::uint64_t available = file_size - from - i;
      if (available < kOverheadBytes || *length > available - kOverheadBytes) {
        first_unfinished = std::min(first_unfinished, from + i);
      }
    }
    from += got - kHeaderBytes + 1;
  }
  searched_ = std::min(first_unfinished, from);
  move_to(offset());  // what is buffered may be the start of something that changes as the file grows
  return false;
}

bool RecordReader::is_whole_record(std::uint64_t offset, std::uint64_t length,
                                   std::uint64_t file_size) const {
  if (length > file_size - offset || file_size - offset - length < kOverheadBytes) return false;
  Buffer chunk;
  std::uint8_t* bytes =
      chunk.extend(std::min<std::size_t>(kReadBytes, static_cast<std::size_t>(length) + kCrcBytes));
  std::uint32_t crc = 0;
  std::uint64_t at = offset + kHeaderBytes;
  for (std::uint64_t left = length; left != 0;) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left, chunk.size()));
    if (file_.read_at(at, bytes, size) != size) return false;
    crc = crc32c(crc, {bytes, size});
    at += size;
    left -= size;
  }
  return file_.read_at(at, bytes, kCrcBytes) == kCrcBytes && MaskedCrc::from(crc) == crc_at(bytes);
}

}  // namespace tickertape
