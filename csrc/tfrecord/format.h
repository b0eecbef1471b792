// The TFRecord format. L2.
//
//   uint64  length           little-endian
//   uint32  masked CRC32C of the 8 length bytes
//   byte    data[length]
//   uint32  masked CRC32C of data
//
// Source: tensorflow/core/lib/io/record_writer.h. A file is records one after the other and nothing else.
#pragma once

#include <cstddef>

namespace tickertape::record_format {

inline constexpr std::size_t kLengthBytes = 8;
inline constexpr std::size_t kCrcBytes = 4;
inline constexpr std::size_t kHeaderBytes = kLengthBytes + kCrcBytes;
inline constexpr std::size_t kFooterBytes = kCrcBytes;
inline constexpr std::size_t kOverheadBytes = kHeaderBytes + kFooterBytes;

}  // namespace tickertape::record_format
