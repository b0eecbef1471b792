// The values of an event file, by our reader.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check.h"
#include "event/decoder.h"
#include "event/tensor_decoder.h"
#include "protobuf/fields.h"
#include "protobuf/reader.h"
#include "tfrecord/record_reader.h"

namespace tickertape::test {

struct FileValue {
  std::string tag;
  std::int64_t step;
  double scalar;
  std::uint32_t kind = protobuf::value_field::kSimpleValue;
  bool operator==(const FileValue&) const = default;
};

// Every value of a file in order. Checks that the file starts with its version and has neither damage nor a
// tail.
inline std::vector<FileValue> values_of(const std::string& path) {
  std::vector<FileValue> all;
  RecordReader reader(path);
  Bytes record;
  CHECK(reader.next(record));
  CHECK_EQ(decode_event(record).what, protobuf::event_field::kFileVersion);
  while (reader.next(record)) {
    const EventView event = decode_event(record);
    protobuf::Field field;
    for (protobuf::Reader summary(event.content.bytes()); summary.next(field);) {
      const ValueView value = decode_value(field.bytes);
      double scalar = value.simple_value;
      if (value.kind == protobuf::value_field::kTensor) decode_number(value.content.bytes(), scalar);
      all.push_back({std::string(value.tag), event.step, scalar, value.kind});
    }
  }
  CHECK(reader.damage().empty());
  CHECK_EQ(reader.tail_bytes(), std::uint64_t{0});
  return all;
}

}  // namespace tickertape::test
