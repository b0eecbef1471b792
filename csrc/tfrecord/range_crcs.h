// Checks the data CRC of any number of overlapping records of a file at a bounded cost each. L2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/os/file.h"
#include "tfrecord/scan_work.h"

namespace tickertape {

// Keeps the CRC of the file up to each block border, so that the CRC of a range follows from the two ends of
// the range (crc32c_of_end()). Reads each byte of the file once, up to the furthest end of a query, and
// two blocks for each query. Memory: 1/64 of that part of the file. Not thread-safe.
class RangeCrcs {
 public:
  // The bytes of a block; a query costs the CRC of fewer than two blocks.
  static constexpr std::size_t kBlockBytes = 256;

  // Forgets everything. Later queries are about bytes from `base` on.
  void restart(std::uint64_t base);
  bool is_started() const { return !at_border_.empty(); }

  // True if the `size` bytes at `from` are in the file and their masked CRC32C follows them. Throws IoError,
  // Interrupted.
  bool is_followed_by_crc(const File& file, std::uint64_t from, std::uint64_t size, ScanWork& work);

 private:
  static constexpr std::size_t kCrcBytes = 4;

  // The bytes of one block and the stored CRC that may begin in it.
  struct Block {
    std::uint64_t index = UINT64_MAX;
    std::size_t size = 0;
    std::array<std::uint8_t, kBlockBytes + kCrcBytes> bytes;
  };

  bool extend(const File& file, std::uint64_t block, ScanWork& work);
  void load(const File& file, std::uint64_t index, Block& block, ScanWork& work) const;
  std::optional<std::uint32_t> crc_before(const File& file, std::uint64_t at, Block& block, ScanWork& work);

  std::uint64_t base_ = 0;
  std::vector<std::uint32_t> at_border_;  // [i]: CRC of the i blocks from base_ on
  Block front_, end_;                     // the blocks in which the range of the last query began and ended
  Buffer chunk_;
};

}  // namespace tickertape
