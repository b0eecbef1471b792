// Copies strided arrays row by row; see gather.h. L1.
#include "array/gather.h"

#include <cstring>

#include "array/copy_past_cache.h"

namespace tickertape {
namespace {

// Copies one row of `count` elements and returns the position after the last byte written.
template <typename Item>
std::uint8_t* gather_row(const std::uint8_t* from, std::ptrdiff_t stride, std::ptrdiff_t count,
                         std::uint8_t* to) {
  // Four elements a step: with one, half of the instructions would be loop overhead.
  constexpr std::ptrdiff_t kStep = 4;
  std::ptrdiff_t i = 0;
  for (; i + kStep <= count; i += kStep, from += kStep * stride, to += kStep * sizeof(Item)) {
    Item items[kStep];
    for (std::ptrdiff_t k = 0; k < kStep; ++k) std::memcpy(items + k, from + k * stride, sizeof(Item));
    std::memcpy(to, items, sizeof items);
  }
  for (; i < count; ++i, from += stride, to += sizeof(Item)) std::memcpy(to, from, sizeof(Item));
  return to;
}

std::uint8_t* gather_row(const std::uint8_t* from, std::size_t item, std::ptrdiff_t stride,
                         std::ptrdiff_t count, std::uint8_t* to) {
  if (stride == static_cast<std::ptrdiff_t>(item)) {
    const std::size_t bytes = item * static_cast<std::size_t>(count);
    copy_past_cache(to, from, bytes);
    return to + bytes;
  }
  switch (item) {
    case 1:
      return gather_row<std::uint8_t>(from, stride, count, to);
    case 2:
      return gather_row<std::uint16_t>(from, stride, count, to);
    case 4:
      return gather_row<std::uint32_t>(from, stride, count, to);
    default:
      return gather_row<std::uint64_t>(from, stride, count, to);
  }
}

std::uint8_t* gather_axis(const ArraySource& source, std::size_t axis, std::size_t last, std::ptrdiff_t run,
                          const std::uint8_t* from, std::uint8_t* to) {
  const std::size_t item = item_size(source.dtype);
  if (axis == last) return gather_row(from, item, source.strides[source.rank - 1], run, to);
  for (std::ptrdiff_t i = 0; i < source.shape[axis]; ++i, from += source.strides[axis]) {
    to = gather_axis(source, axis + 1, last, run, from, to);
  }
  return to;
}

}  // namespace

bool ArraySource::is_contiguous() const {
  auto stride = static_cast<std::ptrdiff_t>(item_size(dtype));
  for (std::size_t axis = rank; axis-- > 0;) {
    if (shape[axis] == 0) return true;
    if (shape[axis] != 1 && strides[axis] != stride) return false;
    stride *= shape[axis];
  }
  return true;
}

void gather(const ArraySource& from, std::uint8_t* to) {
  const std::size_t bytes = from.size_bytes();
  if (bytes == 0) return;
  const auto* data = static_cast<const std::uint8_t*>(from.data);
  if (from.rank == 0) {
    std::memcpy(to, data, bytes);
    return;
  }
  // Innermost axes that together form one evenly spaced row are copied as one row. A contiguous array is a
  // single row.
  std::size_t last = from.rank - 1;
  std::ptrdiff_t run = from.shape[last];
  while (last > 0 && from.strides[last - 1] == from.strides[from.rank - 1] * run) run *= from.shape[--last];
  gather_axis(from, 0, last, run, data, to);
}

}  // namespace tickertape
