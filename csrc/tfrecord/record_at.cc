// One record whose place is known. L2.
#include "tfrecord/record_at.h"

#include "base/endian.h"
#include "base/error.h"
#include "checksum/masked_crc.h"
#include "tfrecord/format.h"
#include "tfrecord/record_reader.h"

namespace tickertape {

using namespace record_format;

Buffer read_record(const File& file, std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t size = file.size();
  const bool has_room =
      offset <= size && size - offset >= kOverheadBytes && length <= size - offset - kOverheadBytes;
  if (!has_room) throw DataError(offset, "the file ends before the record");
  const auto whole = static_cast<std::size_t>(length) + kOverheadBytes;
  Buffer record;
  const std::size_t got = file.read_at(offset, record.reserve_back(whole), whole);
  record.commit(got);
  const bool is_record = got == whole && record_length(record.data()) == length;
  if (!is_record) throw DataError(offset, "no record of this length");
  const Bytes data = record.bytes().subspan(kHeaderBytes, static_cast<std::size_t>(length));
  const auto stored = MaskedCrc::stored(load_le<std::uint32_t>(data.data() + data.size()));
  if (MaskedCrc::of(data) != stored) throw DataError(offset, "a record with a wrong CRC");
  return record;
}

}  // namespace tickertape
