// Fuzzes the protobuf reader and the event decoder with any bytes. The oracle is a plain scan of the same
// bytes.
#include <algorithm>
#include <bit>
#include <optional>
#include <vector>

#include "base/error.h"
#include "event/decoder.h"
#include "event/messages.h"
#include "event/tensor_decoder.h"
#include "input.h"
#include "protobuf/fields.h"
#include "protobuf/message.h"
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

// Fields (protobuf.dev/programming-guides/encoding), byte by byte. Groups are left out.
class Scan {
 public:
  explicit Scan(Bytes bytes) : bytes_(bytes) {}

  // Returns nothing if the bytes are not valid fields.
  std::optional<std::vector<PlainField>> fields() {
    std::vector<PlainField> all;
    std::vector<std::uint64_t> groups;  // that are open
    while (at_ < bytes_.size()) {
      PlainField one;
      std::uint64_t key = 0;
      if (!varint(key, 5) || key >> 32 != 0) return std::nullopt;
      if (key >> 3 == 0 && groups.empty()) return std::nullopt;
      one.field = key >> 3;
      one.type = static_cast<unsigned>(key & 7);
      if (one.type == 3) {
        groups.push_back(one.field);
        if (groups.size() > 100) return std::nullopt;
        continue;
      }
      if (one.type == 4) {
        if (groups.empty() || groups.back() != one.field) return std::nullopt;
        groups.pop_back();
        continue;
      }
      std::uint64_t size = one.type == 1 ? 8 : 4;
      if (one.type == 0 && !varint(one.number, 10)) return std::nullopt;
      if (one.type == 2 && !varint(size, 5)) return std::nullopt;
      if (one.type > 5) return std::nullopt;
      if (one.type != 0) {
        if (size > bytes_.size() - at_) return std::nullopt;
        one.from = at_;
        one.size = static_cast<std::size_t>(size);
        at_ += one.size;
      }
      if (groups.empty()) all.push_back(one);
    }
    if (!groups.empty()) return std::nullopt;
    return all;
  }

 private:
  bool varint(std::uint64_t& value, unsigned most_bytes) {
    value = 0;
    for (unsigned i = 0; i < most_bytes; ++i) {
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
  double wall_time = 0;
  std::int64_t step = 0;
  std::uint64_t what = 0;
  std::vector<std::uint8_t> content;
  for (const PlainField& plain : fields) {
    const Bytes value = bytes.subspan(plain.from, plain.size);
    if (plain.field == 1 && plain.type == 1) wall_time = std::bit_cast<double>(little_endian(value));
    if (plain.field == 2 && plain.type == 0) step = static_cast<std::int64_t>(plain.number);
    if (plain.field < 3 || plain.field > 9 || plain.type != 2) continue;
    const bool is_message = plain.field >= 5 && plain.field <= 8;
    if (plain.field != what || !is_message) content.clear();
    content.insert(content.end(), value.begin(), value.end());
    what = plain.field;
  }
  const EventView event = decode_event(bytes);
  PROMISE(std::bit_cast<std::uint64_t>(event.wall_time) == std::bit_cast<std::uint64_t>(wall_time));
  PROMISE(event.step == step && event.what == what);
  PROMISE(std::ranges::equal(event.content.bytes(), content));
}

void check_value(Bytes bytes) {
  const ValueView value = decode_value(bytes);
  double number = 0;  // any tensor that passed the check is safe to read
  if (value.kind == value_field::kTensor) decode_number(value.content.bytes(), number);
  const MessageFields fields(messages::kValue, bytes);
  PROMISE(std::ranges::equal(as_bytes(value.tag), fields[0].bytes));
  const bool has_content = value.kind != 0 && value.kind != value_field::kSimpleValue;
  const auto index = static_cast<std::size_t>(messages::kValue.index_of(value.kind));
  if (has_content) PROMISE(std::ranges::equal(value.content.bytes(), fields[index].bytes));
}

bool is_message(const MessageSchema& schema, Bytes bytes) {
  try {
    check_message(schema, bytes);
    return true;
  } catch (const DataError& error) {
    PROMISE(error.offset() <= bytes.size());
    return false;
  }
}

// Decodes an event and all its values; false if a part is refused.
bool decodes(Bytes bytes) {
  try {
    const EventView event = decode_event(bytes);
    if (event.what != event_field::kSummary) return true;
    Field field;
    for (Reader reader(event.content.bytes(), kMostDepth - 1); reader.next(field);) {
      if (field.field == summary_field::kValue && field.type == WireType::kLength) check_value(field.bytes);
    }
    return true;
  } catch (const DataError&) {
    return false;
  }
}

// What the fields of any message are when its schema is applied: nothing is refused that was checked, and the
// values of repeated fields are as many as they are counted.
void check_fields_of(const MessageSchema& schema, Bytes bytes) {
  const MessageFields merged(schema, bytes);
  std::vector<std::size_t> counted(schema.fields.size());
  Field field;
  for (Reader reader(bytes); reader.next(field);) {
    const int index = schema.index_of(field.field);
    if (index < 0) continue;
    const FieldSchema& known = schema.fields[static_cast<std::size_t>(index)];
    if (known.rule != FieldRule::kRepeated || !is_value_of(known, field)) continue;
    std::size_t& count = counted[static_cast<std::size_t>(index)];
    const bool is_packed = field.type == WireType::kLength && known.kind < FieldKind::kString;
    std::uint64_t number;
    if (is_packed) {
      for (PackedReader packed(known.kind, field.bytes); packed.next(number);) ++count;
    } else {
      ++count;
    }
  }
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    if (schema.fields[i].rule == FieldRule::kRepeated) PROMISE(merged[i].count == counted[i]);
    if (schema.fields[i].kind == FieldKind::kMessage && schema.fields[i].rule != FieldRule::kRepeated)
      check_fields_of(*schema.fields[i].message, merged[i].bytes);
  }
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
    if (decodes(bytes)) check_event(bytes, *fields);
  }
  // The full check and the views refuse the same events.
  PROMISE(is_message(messages::kEvent, bytes) == decodes(bytes));
  for (const MessageSchema* schema : messages::all()) {
    if (is_message(*schema, bytes)) check_fields_of(*schema, bytes);
  }
  return 0;
}
