// Counts an array as a whole, or in parts that run in parallel. L1; part of the histogram.
#include "codec/histogram/counted.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "array/array_block.h"

namespace tickertape::histogram_impl {
namespace {

// About 0.1 ms of work. This is ten times as long as waking a thread takes (10 us, measured), and short
// enough that threads that start at different times finish at nearly the same time.
constexpr std::size_t kPartSize = 128 * kBlockSize;

// Each part has tables of 37 kB, so this bounds the memory.
constexpr std::size_t kMaxParts = 64;

void add(ArrayView values, Counted& to) {
  for_each_block(values, [&](const auto* block, std::size_t size) {
    to.statistics.add(block, size);
    to.bins.add(block, size);
  });
}

// Elements in a part. Parts are whole blocks, because only the last block of an array may be shorter.
std::size_t part_size(std::size_t size) {
  const std::size_t blocks = (size + kBlockSize - 1) / kBlockSize;
  return std::max(kPartSize, (blocks + kMaxParts - 1) / kMaxParts * kBlockSize);
}

ArrayView part_of(ArrayView values, std::size_t from, std::size_t most) {
  const auto* data = static_cast<const std::uint8_t*>(values.data) + from * item_size(values.dtype);
  return {data, std::min(most, values.size - from), values.dtype};
}

}  // namespace

Counted count(ArrayView values, Executor* executor) {
  Counted counted;
  const std::size_t size = part_size(values.size);
  if (values.size <= size) {
    add(values, counted);
    return counted;
  }
  std::vector<Counted> parts((values.size + size - 1) / size);
  const auto count_part = [&](std::size_t i) { add(part_of(values, i * size, size), parts[i]); };
  if (executor != nullptr) {
    executor->run_parts(parts.size(), count_part);
  } else {
    for (std::size_t i = 0; i < parts.size(); ++i) count_part(i);
  }
  for (Counted& part : parts) {
    counted.statistics.add(part.statistics);
    counted.bins.add(part.bins);
  }
  return counted;
}

}  // namespace tickertape::histogram_impl
