// Counting records. L4.
#include "recovery/record_count.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/endian.h"
#include "checksum/crc32c.h"
#include "checksum/masked_crc.h"
#include "tfrecord/format.h"
#include "tfrecord/record_reader.h"

namespace tickertape {

using namespace record_format;

namespace {

constexpr std::uint64_t kCountWindowBytes = std::uint64_t{256} << 10;

class Window {
 public:
  Window(const File& file, std::uint64_t size) : file_(file), size_(size) {}

  // `count` bytes (at most kCountWindowBytes) from `offset` on; nullptr if the file ends before.
  const std::uint8_t* at(std::uint64_t offset, std::uint64_t count) {
    if (offset > size_ || count > size_ - offset) return nullptr;
    if (offset < from_ || offset + count > from_ + bytes_.size()) {
      bytes_.clear();
      bytes_.reserve_back(kCountWindowBytes);
      bytes_.commit(file_.read_at(offset, bytes_.data(), kCountWindowBytes));
      from_ = offset;
      if (bytes_.size() < count) return nullptr;
    }
    return bytes_.data() + (offset - from_);
  }

 private:
  const File& file_;
  const std::uint64_t size_;
  Buffer bytes_;
  std::uint64_t from_ = 0;
};

// True if `length` bytes from `at` on have the CRC that follows them.
bool has_sound_data(Window& window, std::uint64_t at, std::uint64_t length) {
  std::uint32_t crc = 0;
  while (length != 0) {
    const std::uint64_t piece = std::min(length, kCountWindowBytes);
    const std::uint8_t* bytes = window.at(at, piece);
    if (bytes == nullptr) return false;
    crc = crc32c(crc, {bytes, static_cast<std::size_t>(piece)});
    at += piece;
    length -= piece;
  }
  const std::uint8_t* stored = window.at(at, kCrcBytes);
  return stored != nullptr && MaskedCrc::from(crc) == MaskedCrc::stored(load_le<std::uint32_t>(stored));
}

}  // namespace

RecordCount count_records(const File& file, std::uint64_t from, std::uint64_t size) {
  Window window(file, size);
  RecordCount count{0, from};
  while (const std::uint8_t* header = window.at(count.end, kHeaderBytes)) {
    const std::optional<std::uint64_t> length = record_length(header);
    const std::uint64_t room = size - count.end;
    if (!length || room < kOverheadBytes || *length > room - kOverheadBytes) break;
    if (!has_sound_data(window, count.end + kHeaderBytes, *length)) break;
    count.end += *length + kOverheadBytes;
    ++count.records;
  }
  return count;
}

}  // namespace tickertape
