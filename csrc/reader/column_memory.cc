// Memory that the columns of many small series share. L4.
#include "reader/column_memory.h"

#include <algorithm>

#include "base/os/large_memory.h"

namespace tickertape {
namespace {

constexpr std::size_t kFirstBlockBytes = std::size_t{4} << 10;  // a page: one short series

}  // namespace

void ColumnMemory::add_block(std::size_t least_bytes) {
  std::size_t size = std::clamp(2 * size_, kFirstBlockBytes, kLargePageBytes);
  while (size < least_bytes) size *= 2;
  if (size == kLargePageBytes)
    block_ = allocate_large_page();
  else
    block_ = std::shared_ptr<std::uint8_t>(new std::uint8_t[size], std::default_delete<std::uint8_t[]>());
  size_ = size;
  used_ = 0;
}

ColumnMemory::Place ColumnMemory::take(std::size_t bytes) {
  constexpr std::size_t kAlignment = 8;
  bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (size_ - used_ < bytes) add_block(bytes);
  Place place{block_.get() + used_, block_};
  used_ += bytes;
  return place;
}

}  // namespace tickertape
