// Memory that the columns of many small series share. L4; a thread of the scan has one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tickertape {

// A log directory has a series for each tag of each of thousands of files. An allocation for each of its
// columns takes longer than to fill them: heaps of threads grow by a system call each, and every 4 KiB are a
// page fault. A block is freed with the last of the series that share it; blocks double in size, so they are
// at most as much again as the columns. Not thread-safe.
class ColumnMemory {
 public:
  // More than this is better allocated on its own: it would leave too much of a block unused.
  static constexpr std::size_t kMostBytes = std::size_t{256} << 10;

  struct Place {
    std::uint8_t* data;  // aligned for 8 bytes
    std::shared_ptr<const void> owner;
  };
  // Memory of `bytes` bytes, at most kMostBytes, for as long as its owner. Throws std::bad_alloc.
  Place take(std::size_t bytes);

 private:
  void add_block(std::size_t least_bytes);

  std::shared_ptr<std::uint8_t> block_;
  std::size_t size_ = 0, used_ = 0;  // of the block
};

}  // namespace tickertape
