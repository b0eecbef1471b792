// Writes protobuf fields into memory whose size was computed first, so that no length is patched afterwards.
// L1.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/endian.h"
#include "protobuf/varint.h"

namespace tickertape::protobuf {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

constexpr std::uint32_t key(std::uint32_t field, WireType type) {
  return field << 3 | static_cast<std::uint32_t>(type);
}

// --- Sizes ---

constexpr std::size_t key_size(std::uint32_t field) { return varint_size(std::uint64_t{field} << 3); }

// The size of a varint field. Pass int64 and enum values as their two's complement bits.
constexpr std::size_t varint_field_size(std::uint32_t field, std::uint64_t value) {
  return key_size(field) + varint_size(value);
}
constexpr std::size_t fixed32_field_size(std::uint32_t field) { return key_size(field) + 4; }
constexpr std::size_t fixed64_field_size(std::uint32_t field) { return key_size(field) + 8; }

// The size of a field with `size` bytes of content: string, bytes, message or packed numbers.
constexpr std::size_t length_field_size(std::uint32_t field, std::uint64_t size) {
  return key_size(field) + varint_size(size) + size;
}

// --- Fields ---

// Writes fields one after the other, starting at `to`. Nothing is checked: the caller has added up the sizes
// of the fields with the functions above and provides that much room.
class Writer {
 public:
  explicit Writer(std::uint8_t* to) : to_(to) {}

  std::uint8_t* position() const { return to_; }

  void varint_field(std::uint32_t field, std::uint64_t value) {
    to_ = store_varint(store_varint(to_, key(field, WireType::kVarint)), value);
  }
  void float_field(std::uint32_t field, float value) {
    to_ = store_varint(to_, key(field, WireType::kFixed32));
    raw_float(value);
  }
  void double_field(std::uint32_t field, double value) {
    to_ = store_varint(to_, key(field, WireType::kFixed64));
    raw_double(value);
  }
  void bytes_field(std::uint32_t field, Bytes bytes) {
    length_field(field, bytes.size());
    raw(bytes);
  }
  void text_field(std::uint32_t field, std::string_view text) { bytes_field(field, as_bytes(text)); }

  // Writes the key and length of a field. The caller writes its `size` bytes of content next.
  void length_field(std::uint32_t field, std::uint64_t size) {
    to_ = store_varint(store_varint(to_, key(field, WireType::kLength)), size);
  }

  void packed_doubles_field(std::uint32_t field, std::span<const double> values) {
    length_field(field, values.size_bytes());
    for (const double value : values) raw_double(value);
  }

  void raw(Bytes bytes) {
    if (!bytes.empty()) std::memcpy(to_, bytes.data(), bytes.size());
    to_ += bytes.size();
  }
  void raw_varint(std::uint64_t value) { to_ = store_varint(to_, value); }
  void raw_float(float value) {
    store_le(to_, std::bit_cast<std::uint32_t>(value));
    to_ += 4;
  }
  void raw_double(double value) {
    store_le(to_, std::bit_cast<std::uint64_t>(value));
    to_ += 8;
  }

 private:
  std::uint8_t* to_;
};

}  // namespace tickertape::protobuf
