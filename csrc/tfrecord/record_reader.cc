// Reads TFRecords and finds the next record after damage. L2.
#include "tfrecord/record_reader.h"

#include <algorithm>
#include <utility>

#include "base/endian.h"
#include "checksum/masked_crc.h"
#include "tfrecord/format.h"

namespace tickertape {

using namespace record_format;

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

// A record larger than this is checked in pieces before memory is allocated for it. The second look at the
// data costs less than the first, which brought it into the page cache.
constexpr std::uint64_t kCheckFirstBytes = std::uint64_t{16} << 20;

// Supposed records may fail for this many bytes before the reader begins to keep CRCs (`may_fail()`).
constexpr std::uint64_t kFreeBytes = std::uint64_t{1} << 20;

MaskedCrc crc_at(const std::uint8_t* at) { return MaskedCrc::stored(load_le<std::uint32_t>(at)); }

bool has_room(std::uint64_t available, std::uint64_t length) {
  return length <= available && available - length >= kOverheadBytes;
}

// The number of consecutive headers at the front of `bytes` that are all zeros. No header is all zeros:
// the masked CRC of 8 zero bytes is not 0. A sparse file has many.
std::size_t zero_headers(Bytes bytes) {
  std::size_t zeros = 0;
  while (zeros + 8 <= bytes.size() && load_le<std::uint64_t>(bytes.data() + zeros) == 0) zeros += 8;
  return zeros < kHeaderBytes ? 0 : zeros - kHeaderBytes + 1;
}

}  // namespace

std::optional<std::uint64_t> record_length(const std::uint8_t* header) {
  if (MaskedCrc::of({header, kLengthBytes}) != crc_at(header + kLengthBytes)) return std::nullopt;
  return load_le<std::uint64_t>(header);
}

RecordReader::RecordReader(const std::string& path, std::uint64_t offset)
    : RecordReader(File::open_to_read(path), offset) {}

RecordReader::RecordReader(File file, std::uint64_t offset, Buffer memory)
    : file_(std::move(file)),
      window_(std::move(memory)),
      window_at_(offset),
      start_(offset),
      offset_(offset),
      searched_(offset),
      free_bytes_(kFreeBytes) {
  window_.clear();
}

bool RecordReader::next(Bytes& data) {
  for (;;) {
    const Found found = parse_record(data);
    if (found == Found::kRecord) return true;
    if (found == Found::kEnd || !find_next_record()) return false;
  }
}

bool RecordReader::next_in_memory(Bytes& data) {
  const std::uint64_t end = window_at_ + window_.size();
  if (offset_ < window_at_ || offset_ > end) return false;
  const Bytes window = window_.bytes().subspan(static_cast<std::size_t>(offset_ - window_at_));
  RecordPlace place;
  if (find_record_run(window, {&place, 1}) == 0) return false;
  work_.did_checksum(place.size);
  offset_ += place.size + kOverheadBytes;
  data = window.subspan(place.offset, place.size);
  return true;
}

std::size_t RecordReader::next_run(Bytes& window, std::span<RecordPlace> places) {
  window = buffered(offset_, kOverheadBytes);
  const std::size_t found = find_record_run(window, places);
  if (found != 0) {
    const RecordPlace& last = places[found - 1];
    const std::size_t end = last.offset + last.size + kFooterBytes;
    work_.did_checksum(end - found * kOverheadBytes);
    offset_ += end;
    return found;
  }
  Bytes data;  // a record that reaches past the buffer, damage, or the end
  if (!next(data)) return 0;
  window = {data.data() - kHeaderBytes, data.size() + kOverheadBytes};
  places[0] = {kHeaderBytes, data.size()};
  return 1;
}

std::uint64_t RecordReader::tail_bytes() const {
  if (offset_ >= end_) return 0;
  const std::uint64_t size = file_size();
  return size > offset_ ? size - offset_ : 0;
}

RecordReader::Found RecordReader::parse_record(Bytes& data) {
  Bytes bytes = buffered(offset_, kHeaderBytes);
  seen_size_ = offset_ + bytes.size();
  if (bytes.size() < kHeaderBytes) return bytes.empty() ? Found::kEnd : Found::kNoRecord;
  const std::uint64_t end_seen = std::exchange(seen_size_, UINT64_MAX);
  const std::optional<std::uint64_t> length = record_length(bytes.data());
  if (!length) return Found::kNoRecord;
  // A length that reaches past the end is that of a record that is still being written, or damage. Only the
  // rest of the file can tell, so the search for a record begins in both cases.
  if (!has_room(bytes.size(), *length)) {
    const std::uint64_t size = file_size();
    if (size < offset_ || !has_room(size - offset_, *length)) {
      seen_size_ = std::max(size, end_seen);
      return Found::kNoRecord;
    }
  }
  const bool checks_first = *length > kCheckFirstBytes || !may_fail(*length);
  if (checks_first && offset_ != whole_at_ && !is_whole_record(offset_, *length)) return Found::kNoRecord;
  if (!has_room(bytes.size(), *length)) {
    bytes = buffered(offset_, static_cast<std::size_t>(*length) + kOverheadBytes);
    if (!has_room(bytes.size(), *length)) return Found::kNoRecord;
  }
  data = bytes.subspan(kHeaderBytes, static_cast<std::size_t>(*length));
  work_.did_checksum(*length);
  if (MaskedCrc::of(data) != crc_at(data.data() + data.size())) {
    failed_bytes_ += *length;
    return Found::kNoRecord;
  }
  offset_ += *length + kOverheadBytes;
  return Found::kRecord;
}

// The buffered bytes from `from` on: at least `wanted`, unless the file ends before.
Bytes RecordReader::buffered(std::uint64_t from, std::size_t wanted) {
  const std::uint64_t end = window_at_ + window_.size();
  const bool is_inside = from >= window_at_ && from <= end;
  const std::size_t kept = is_inside ? static_cast<std::size_t>(end - from) : 0;
  if (kept < wanted && from + kept < end_) {
    if (kept != 0) std::memmove(window_.data(), window_.data() + (from - window_at_), kept);
    window_.truncate(kept);
    window_at_ = from;
    const auto room = static_cast<std::size_t>(
        std::min<std::uint64_t>(std::max(wanted, kReadBytes) - kept, end_ - from - kept));
    std::uint8_t* to = window_.reserve_back(room);
    const std::size_t got = file_.read_at(from + kept, to, room);
    window_.commit(got);
    work_.did_read(got);
  } else if (!is_inside) {
    return {};
  }
  return window_.bytes().subspan(static_cast<std::size_t>(from - window_at_));
}

// Searches after offset() for the next whole record. If there is one, moves there and notes what was
// skipped; otherwise stays.
bool RecordReader::find_next_record() {
  const std::uint64_t file_size = this->file_size();
  // If a writer completed the record meanwhile, the search would find the one behind it.
  if (file_size > seen_size_) return true;
  std::uint64_t from = std::max(searched_, offset_ + 1);
  std::uint64_t first_unfinished = UINT64_MAX;  // a header whose data may still come
  const std::uint64_t limit = search_limit_ < UINT64_MAX - offset_ ? offset_ + search_limit_ : UINT64_MAX;
  while (from + kOverheadBytes <= file_size && from < limit) {
    Bytes window = buffered(from, kHeaderBytes);
    window = window.first(static_cast<std::size_t>(std::min<std::uint64_t>(window.size(), file_size - from)));
    if (window.size() < kHeaderBytes) break;
    if (const auto found = find_in(window, from, file_size, first_unfinished)) {
      damage_.push_back({offset_, *found - offset_});
      offset_ = searched_ = whole_at_ = *found;
      return true;
    }
    from += window.size() - kHeaderBytes + 1;
    searched_ = std::min(first_unfinished, from);
  }
  searched_ = std::min(first_unfinished, from);
  // What was read may change while the file grows, so the next call reads it again.
  window_.clear();
  crcs_ = {};
  failed_bytes_ = 0;
  return false;
}

// The offset of the first whole record whose header is in `window`, which starts at `from` in the file.
std::optional<std::uint64_t> RecordReader::find_in(Bytes window, std::uint64_t from, std::uint64_t file_size,
                                                   std::uint64_t& first_unfinished) {
  for (std::size_t i = 0; i + kHeaderBytes <= window.size(); ++i) {
    if (window[i] == 0) {
      i += zero_headers(window.subspan(i));
      if (i + kHeaderBytes > window.size()) break;
    }
    work_.did_checksum(kLengthBytes);
    const std::optional<std::uint64_t> length = record_length(window.data() + i);
    if (!length) continue;
    if (!has_room(file_size - from - i, *length)) {
      first_unfinished = std::min(first_unfinished, from + i);
    } else if (is_whole_record(from + i, *length)) {
      return from + i;
    }
  }
  return std::nullopt;
}

// Damage may contain any number of headers with a right CRC and a large length. Refuting one costs as many
// bytes as its length. So no more bytes may fail than the reader has advanced; from then on it keeps CRCs of
// the file, which give the CRC of any large record at once. Small records cost less than that.
bool RecordReader::may_fail(std::uint64_t length) const {
  return length <= RangeCrcs::kBlockBytes || failed_bytes_ <= free_bytes_ + (offset_ - start_);
}

// Whether the header at `offset`, which states `length`, begins a whole record.
bool RecordReader::is_whole_record(std::uint64_t offset, std::uint64_t length) {
  if (may_fail(length)) {
    const bool is_whole = is_whole_if_read(offset, length);
    if (!is_whole) failed_bytes_ += length;
    return is_whole;
  }
  if (!crcs_.is_started()) crcs_.restart(offset_);
  return crcs_.is_followed_by_crc(file_, offset + kHeaderBytes, length, work_);
}

bool RecordReader::is_whole_if_read(std::uint64_t offset, std::uint64_t length) {
  std::uint64_t at = offset + kHeaderBytes;
  const std::uint64_t end = window_at_ + window_.size();
  if (offset >= window_at_ && offset <= end && has_room(end - offset, length)) {
    const std::uint8_t* data = window_.data() + (at - window_at_);
    work_.did_checksum(length);
    return MaskedCrc::of({data, static_cast<std::size_t>(length)}) == crc_at(data + length);
  }
  chunk_.clear();
  std::uint8_t* bytes = chunk_.reserve_back(kReadBytes);
  std::uint32_t crc = 0;
  for (std::uint64_t left = length; left != 0;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, kReadBytes));
    if (file_.read_at(at, bytes, size) != size) return false;
    crc = crc32c(crc, {bytes, size});
    work_.did_read(size);
    work_.did_checksum(size);
    at += size;
    left -= size;
  }
  work_.did_read(kCrcBytes);
  return file_.read_at(at, bytes, kCrcBytes) == kCrcBytes && MaskedCrc::from(crc) == crc_at(bytes);
}

}  // namespace tickertape
