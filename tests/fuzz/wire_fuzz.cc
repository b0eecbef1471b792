// Fuzzes the protobuf reader and the event decoder with any bytes. The oracle is a plain scan of the same
// bytes.
#include <bit>
#include <optional>
#include <vector>

#include "base/error.h"
#include "event/decoder.h"
#include "input.h"
#include "protobuf/fields.h"
#include "protobuf/reader.h"
#include "protobuf/writer.h"

using namespace tickertape;
using namespace tickertape::protobuf;

namespace {

struct PlainField {
  std::uint64_t field = 0;
  unsigned type = 0;
  std::uint64_t number = 0;
  std::size_t from = 0, size = 0;  // the value's bytes
};

// A varint (protobuf.dev/programming-guides/encoding), byte by byte.
class Scan {
 public:
  explicit Scan(Bytes bytes) : bytes_(bytes) {}

  // Returns nothing if the bytes are not valid fields.
  std::optional<std::vector<PlainField>> fields() {
    std::vector<PlainField> all;
    while (at_ < bytes_.size()) {
      PlainField one;
      std::uint64_t key = 0;
      if (!varint(key) || key >> 32 != 0 || key >> 3 == 0) return std::nullopt;
      one.field = key >> 3;
      one.type = static_cast<unsigned>(key & 7);
      std::uint64_t size = one.type == 1 ? 8 : 4;
      if (one.type == 0 && !varint(one.number)) return std::nullopt;
      if (one.type == 2 && !varint(size)) return std::nullopt;
      if (one.type > 2 && one.type != 5) return std::nullopt;
      if (one.type != 0) {
        if (size > bytes_.size() - at_) return std::nullopt;
        one.from = at_;
        one.size = static_cast<std::size_t>(size);
        at_ += one.size;
      }
      all.push_back(one);
    }
    return all;
  }

 private:
  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned i = 0; i < 10; ++i) {
      if (at_ == bytes_.size()) return false;
      const std::uint64_t byte = bytes_[at_++];
      value |= (byte & 127) << 7 * i;
      if (byte < 128) return true;
    }
    return false;
  }
  Bytes bytes_;
  std::size_t at_ = 0;
};

std::uint64_t little_endian(Bytes bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << 8 * i;
  return value;
}

// The fields that the reader returns; the writer must write the same fields again.
void check_fields(Bytes bytes, const std::vector<PlainField>& expected) {
  Buffer again;
  Writer writer(again.reserve_back(bytes.size() * 2));
  Field field;
  std::size_t i = 0;
  for (Reader reader(bytes); reader.next(field); ++i) {
    PROMISE(i < expected.size());
    const PlainField& plain = expected[i];
    PROMISE(field.field == plain.field && static_cast<unsigned>(field.type) == plain.type);
    if (field.type == WireType::kLength) {
      PROMISE(field.bytes.data() == bytes.data() + plain.from && field.bytes.size() == plain.size);
      writer.bytes_field(field.field, field.bytes);
    } else if (field.type == WireType::kVarint) {
      PROMISE(field.number == plain.number);
      writer.varint_field(field.field, field.number);
    } else {
      PROMISE(field.number == little_endian(bytes.subspan(plain.from, plain.size)));
      if (field.type == WireType::kFixed64) writer.double_field(field.field, field.as_double());
    }
  }
  PROMISE(i == expected.size());
  again.commit(static_cast<std::size_t>(writer.position() - again.data()));
  PROMISE(again.size() <= bytes.size());  // the writer's varints are the shortest
  PROMISE(Scan(again.bytes()).fields().has_value());
}

void check_event(Bytes bytes, const std::vector<PlainField>& fields) {
  EventView expected;
  for (const PlainField& plain : fields) {
    const Bytes value = bytes.subspan(plain.from, plain.size);
    if (plain.field == 1 && plain.type == 1) expected.wall_time = std::bit_cast<double>(little_endian(value));
    if (plain.field == 2 && plain.type == 0) expected.step = static_cast<std::int64_t>(plain.number);
    if (plain.field >= 3 && plain.field <= 9 && plain.type == 2) {
      expected.what = static_cast<std::uint32_t>(plain.field);
      expected.content = value;
    }
  }
  const EventView event = decode_event(bytes);
  PROMISE(std::bit_cast<std::uint64_t>(event.wall_time) == std::bit_cast<std::uint64_t>(expected.wall_time));
  PROMISE(event.step == expected.step && event.what == expected.what);
  PROMISE(event.content.data() == expected.content.data() && event.content.size() == expected.content.size());
}

// Views must point into the bytes. Their content is compared with the scan only if that is simple.
void check_value(Bytes bytes) {
  const ValueView value = decode_value(bytes);
  const auto lies_inside = [&](Bytes view) {
    return view.empty() ||
           (view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + bytes.size());
  };
  PROMISE(lies_inside(as_bytes(value.tag)) && lies_inside(value.content));
  PROMISE(lies_inside(as_bytes(value.plugin_name)) && lies_inside(value.plugin_content));
  double scalar = 0;
  const bool is_scalar = decode_scalar(value, scalar);
  if (value.kind == value_field::kSimpleValue) PROMISE(is_scalar);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  const auto fields = Scan(bytes).fields();
  bool is_refused = false;
  try {
    Field field;
    for (Reader reader(bytes); reader.next(field);) {
    }
  } catch (const DataError& error) {
    PROMISE(error.offset() <= size);
    is_refused = true;
  }
  PROMISE(is_refused == !fields);
  if (fields) {
    check_fields(bytes, *fields);
    check_event(bytes, *fields);
  }
  try {
    check_value(bytes);
    const EventView event = decode_event(bytes);
    Field field;
    for (Reader reader(event.content); reader.next(field);) {
      if (field.type == WireType::kLength) check_value(field.bytes);
    }
  } catch (const DataError&) {  // NOLINT(bugprone-empty-catch)
    // Expected for bytes that are not valid fields.
  }
  return 0;
}
