// The loop over a run of records. L2, private to tfrecord/. The file of each instruction set includes it.
#pragma once

#include "base/endian.h"
#include "checksum/crc32c_interleaved.h"
#include "checksum/masked_crc.h"
#include "tfrecord/format.h"
#include "tfrecord/record_run.h"

namespace tickertape {

// `Instruction` as for crc32c_interleaved().
template <typename Instruction>
std::size_t record_run(Bytes bytes, std::span<RecordPlace> places) {
  using namespace record_format;
  const std::uint8_t* const start = bytes.data();
  std::size_t at = 0, found = 0;
  while (found < places.size() && bytes.size() - at >= kOverheadBytes) {
    const std::uint8_t* header = start + at;
    const auto length = load_le<std::uint64_t>(header);
    const auto stored_length = MaskedCrc::stored(load_le<std::uint32_t>(header + kLengthBytes));
    if (MaskedCrc::from(~Instruction::u64(~0U, length)) != stored_length) break;
    if (length > bytes.size() - at - kOverheadBytes) break;
    const auto size = static_cast<std::size_t>(length);
    const std::uint8_t* data = header + kHeaderBytes;
    const std::uint32_t crc = size < 3 * kCrcStreamBytes ? ~crc32c_one_stream<Instruction>(~0U, data, size)
                                                         : crc32c_interleaved<Instruction>(0, {data, size});
    if (MaskedCrc::from(crc) != MaskedCrc::stored(load_le<std::uint32_t>(data + size))) break;
    places[found++] = {at + kHeaderBytes, size};
    at += size + kOverheadBytes;
  }
  return found;
}

}  // namespace tickertape
