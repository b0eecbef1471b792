// Headers and CRCs around the data of a record. L2.
#include "tfrecord/record_writer.h"

#include "base/endian.h"
#include "checksum/masked_crc.h"
#include "tfrecord/format.h"

namespace tickertape {

using namespace record_format;

RecordBuilder::RecordBuilder(Buffer& out) : out_(out), start_(out.size()) { out.extend(kHeaderBytes); }

RecordBuilder::~RecordBuilder() {
  if (!finished_) out_.truncate(start_);
}

void RecordBuilder::finish() {
  const std::size_t length = out_.size() - start_ - kHeaderBytes;
  std::uint8_t* footer = out_.extend(kFooterBytes);  // may move the buffer, so it comes before `header`
  std::uint8_t* header = out_.data() + start_;
  store_le<std::uint64_t>(header, length);
  store_le(header + kLengthBytes, MaskedCrc::of({header, kLengthBytes}).bits());
  store_le(footer, MaskedCrc::of({header + kHeaderBytes, length}).bits());
  finished_ = true;
}

void append_record(Buffer& out, Bytes data) {
  RecordBuilder record(out);
  out.append(data);
  record.finish();
}

}  // namespace tickertape
