// A plain reader of TFRecords for the fuzz targets. It uses only the CRC32C of the code under test, which has
// its own tests.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "checksum/crc32c.h"

namespace tickertape::fuzz {

struct PlainRecord {
  std::size_t from, size;  // position and size of the data
  std::size_t end;         // end of the record
};

inline std::uint64_t plain_number(Bytes bytes, std::size_t from, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{bytes[from + i]} << 8 * i;
  return value;
}

// The mask of tensorflow/core/lib/hash/crc32c.h: a rotation and a constant.
inline std::uint32_t plain_masked(Bytes bytes) {
  const std::uint32_t crc = crc32c(0, bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

// The record that starts at `at`, if it is complete.
inline std::optional<PlainRecord> record_at(Bytes file, std::size_t at) {
  if (file.size() - at < 16) return std::nullopt;
  if (plain_number(file, at + 8, 4) != plain_masked(file.subspan(at, 8))) return std::nullopt;
  const std::uint64_t size = plain_number(file, at, 8);
  if (size > file.size() - at - 16) return std::nullopt;
  const auto length = static_cast<std::size_t>(size);
  if (plain_number(file, at + 12 + length, 4) != plain_masked(file.subspan(at + 12, length)))
    return std::nullopt;
  return PlainRecord{at + 12, length, at + 16 + length};
}

// If [from, end of file) consists of whole records, their ends.
inline std::optional<std::vector<std::size_t>> whole_records(Bytes file, std::size_t from) {
  std::vector<std::size_t> ends;
  while (from < file.size()) {
    const auto record = record_at(file, from);
    if (!record) return std::nullopt;
    ends.push_back(from = record->end);
  }
  return ends;
}

}  // namespace tickertape::fuzz
