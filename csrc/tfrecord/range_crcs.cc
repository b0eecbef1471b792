// Checks the data CRC of any number of overlapping records of a file at a bounded cost each. L2.
#include "tfrecord/range_crcs.h"

#include "base/endian.h"
#include "checksum/masked_crc.h"

namespace tickertape {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

}  // namespace

void RangeCrcs::restart(std::uint64_t base) {
  base_ = base;
  at_border_.assign(1, 0);
  front_.index = end_.index = UINT64_MAX;
}

bool RangeCrcs::is_followed_by_crc(const File& file, std::uint64_t from, std::uint64_t size, ScanWork& work) {
  const std::optional<std::uint32_t> front = crc_before(file, from, front_, work);
  const std::optional<std::uint32_t> whole = crc_before(file, from + size, end_, work);
  if (!front || !whole) return false;
  const std::uint64_t end_block = (from + size - base_) / kBlockBytes;
  load(file, end_block, end_, work);
  const auto crc_at = static_cast<std::size_t>((from + size - base_) % kBlockBytes);
  if (end_.size < crc_at + kCrcBytes) return false;
  const MaskedCrc stored = MaskedCrc::stored(load_le<std::uint32_t>(end_.bytes.data() + crc_at));
  return MaskedCrc::from(crc32c_of_end(*whole, *front, size)) == stored;
}

// CRC of the bytes from base_ up to `at`; nothing if the file ends before.
std::optional<std::uint32_t> RangeCrcs::crc_before(const File& file, std::uint64_t at, Block& block,
                                                   ScanWork& work) {
  const std::uint64_t index = (at - base_) / kBlockBytes;
  if (!extend(file, index, work)) return std::nullopt;
  const std::uint32_t crc = at_border_[static_cast<std::size_t>(index)];
  const auto left = static_cast<std::size_t>((at - base_) % kBlockBytes);
  if (left == 0) return crc;
  load(file, index, block, work);
  if (block.size < left) return std::nullopt;
  work.did_checksum(left);
  return crc32c(crc, {block.bytes.data(), left});
}

// Computes at_border_ up to `block`; false if the file ends before.
bool RangeCrcs::extend(const File& file, std::uint64_t block, ScanWork& work) {
  while (at_border_.size() <= block) {
    chunk_.clear();
    const std::uint64_t from = base_ + (at_border_.size() - 1) * kBlockBytes;
    const std::size_t got = file.read_at(from, chunk_.reserve_back(kChunkBytes), kChunkBytes);
    const std::size_t blocks = got / kBlockBytes;
    at_border_.reserve(at_border_.size() + blocks);
    for (std::size_t i = 0; i < blocks; ++i) {
      at_border_.push_back(crc32c(at_border_.back(), {chunk_.data() + i * kBlockBytes, kBlockBytes}));
    }
    work.did_read(got);
    work.did_checksum(blocks * kBlockBytes);
    if (blocks == 0) return false;
  }
  return true;
}

void RangeCrcs::load(const File& file, std::uint64_t index, Block& block, ScanWork& work) const {
  if (block.index == index) return;
  block.index = UINT64_MAX;
  block.size = file.read_at(base_ + index * kBlockBytes, block.bytes.data(), block.bytes.size());
  block.index = index;
  work.did_read(block.size);
}

}  // namespace tickertape
