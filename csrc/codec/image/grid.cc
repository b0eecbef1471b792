// torchvision's make_grid, row by row: each output byte is written once, in order. L1.
#include "codec/image/grid.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "array/array_block.h"
#include "base/error.h"
#include "codec/image/extremes.h"

namespace tickertape {
namespace {

using pixels_impl::Extremes;

constexpr double kMinRange = 1e-5;  // torchvision/utils.py: avoids division by zero for a flat image

namespace nchw {
enum Axis : std::size_t { kImages, kChannels, kHeight, kWidth, kAxes };
}  // namespace nchw

std::size_t extent(const ArraySource& images, nchw::Axis axis) {
  return static_cast<std::size_t>(images.shape[axis]);
}

// One row of one channel of one image. If the images have one channel, it is used for all three.
ArraySource row_of(const ArraySource& images, std::size_t n, std::size_t c, std::size_t y) {
  const auto at = [&images](nchw::Axis axis, std::size_t index) {
    return images.strides[axis] * static_cast<std::ptrdiff_t>(index);
  };
  const auto* data = static_cast<const std::uint8_t*>(images.data);
  const std::size_t channel = extent(images, nchw::kChannels) == 1 ? 0 : c;
  return {data + at(nchw::kImages, n) + at(nchw::kChannels, channel) + at(nchw::kHeight, y), images.dtype, 1,
          images.shape + nchw::kWidth, images.strides + nchw::kWidth};
}

// Writes the grid from its first row to its last. `write_row(n, c, y, to)` writes rows of images; all other
// elements are copied from `filling`, which is one row of the grid.
template <typename WriteRow>
void lay(const ArraySource& images, GridLayout layout, const std::vector<std::uint8_t>& filling,
         std::size_t item, std::uint8_t* to, WriteRow write_row) {
  const auto [channels, height, width] = grid_shape(images, layout);
  const std::size_t row_bytes = extent(images, nchw::kWidth) * item, padding_bytes = layout.padding * item;
  const std::size_t pitch = extent(images, nchw::kHeight) + layout.padding;
  const auto fill = [&](std::size_t bytes) {
    std::memcpy(to, filling.data(), bytes);
    to += bytes;
  };
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t y = 0; y < height; ++y) {
      if (y % pitch < layout.padding) {
        fill(width * item);
        continue;
      }
      const std::size_t first = y / pitch * layout.columns;
      for (std::size_t n = first; n < first + layout.columns; ++n) {
        fill(padding_bytes);
        if (n >= extent(images, nchw::kImages)) {
          fill(row_bytes);
        } else {
          write_row(n, c, y % pitch - layout.padding, to);
          to += row_bytes;
        }
      }
      fill(padding_bytes);
    }
  }
}

std::vector<std::uint8_t> filled_row(const void* filling, std::size_t item, std::size_t count) {
  std::vector<std::uint8_t> row(item * count);
  for (std::size_t i = 0; i < count; ++i) std::memcpy(row.data() + i * item, filling, item);
  return row;
}

// The rows of images of any element type, converted to `Value`. Rows that have this type already are not
// copied.
template <typename Value>
class ValueRows {
 public:
  explicit ValueRows(const ArraySource& images)
      : images_(images), gathered_(extent(images, nchw::kWidth)), values_(extent(images, nchw::kWidth)) {}

  // One row of an image. Valid until the next call.
  const Value* row(std::size_t n, std::size_t c, std::size_t y) {
    ArraySource row = row_of(images_, n, c, y);
    if (row.strides[0] != static_cast<std::ptrdiff_t>(item_size(row.dtype))) {
      gather(row, reinterpret_cast<std::uint8_t*>(gathered_.data()));
      row.data = gathered_.data();
    }
    constexpr DType kOwn = sizeof(Value) == sizeof(float) ? DType::kFloat32 : DType::kFloat64;
    if (row.dtype == kOwn) return static_cast<const Value*>(row.data);
    convert_elements({row.data, values_.size(), row.dtype}, 0, values_.size(), values_.data());
    return values_.data();
  }

 private:
  const ArraySource& images_;
  std::vector<std::uint64_t> gathered_;  // 64-bit words, so that elements of any type are aligned
  std::vector<Value> values_;
};

// Clips values to [low, high], subtracts `low` and divides by `divisor`.
template <typename Value>
struct Scaling {
  Value low, high, divisor;

  explicit Scaling(std::pair<double, double> range)
      : low(static_cast<Value>(range.first)), high(static_cast<Value>(range.second)) {
    const double span = range.second - range.first;
    divisor = static_cast<Value>(kMinRange > span ? kMinRange : span);  // NaN stays NaN
  }

  void apply(const Value* from, std::size_t count, Value* to) const {
    for (std::size_t i = 0; i < count; ++i) {
      const Value above = from[i] < low ? low : from[i];
      to[i] = ((above > high ? high : above) - low) / divisor;
    }
  }
};

// The scaling of each image, or a single one if all images share it.
template <typename Value>
std::vector<Scaling<Value>> scalings(const ArraySource& images, const GridScale& scale) {
  if (scale.range) return {Scaling<Value>(*scale.range)};
  ValueRows<Value> rows(images);
  std::vector<Scaling<Value>> found;
  Extremes<Value> extremes;
  for (std::size_t n = 0; n < extent(images, nchw::kImages); ++n) {
    for (std::size_t c = 0; c < extent(images, nchw::kChannels); ++c) {
      for (std::size_t y = 0; y < extent(images, nchw::kHeight); ++y) {
        extremes.add(rows.row(n, c, y), extent(images, nchw::kWidth));
      }
    }
    if (!scale.each) continue;
    found.emplace_back(extremes.range());
    extremes = {};
  }
  if (!scale.each) found.emplace_back(extremes.range());
  return found;
}

template <typename Value>
void lay_values(const ArraySource& images, GridLayout layout, const GridScale& scale, Value filling,
                void* to) {
  const auto filler = filled_row(&filling, sizeof filling, grid_shape(images, layout)[2]);
  const auto all = scalings<Value>(images, scale);
  ValueRows<Value> rows(images);
  const std::size_t width = extent(images, nchw::kWidth);
  lay(images, layout, filler, sizeof(Value), static_cast<std::uint8_t*>(to),
      [&](std::size_t n, std::size_t c, std::size_t y, std::uint8_t* row) {
        all[all.size() == 1 ? 0 : n].apply(rows.row(n, c, y), width, reinterpret_cast<Value*>(row));
      });
}

}  // namespace

std::array<std::size_t, 3> grid_shape(const ArraySource& images, GridLayout layout) {
  if (images.rank != nchw::kAxes)
    throw ArgumentError("images: expected 4 axes (NCHW), got " + std::to_string(images.rank));
  for (const nchw::Axis axis : {nchw::kImages, nchw::kChannels, nchw::kHeight, nchw::kWidth}) {
    if (images.shape[axis] < 1) throw ArgumentError("images: expected pixels, got an axis of length 0");
  }
  if (layout.columns < 1) throw ArgumentError("columns: expected at least 1, got 0");
  const std::size_t channels = extent(images, nchw::kChannels) == 1 ? 3 : extent(images, nchw::kChannels);
  std::size_t bytes = item_size(DType::kFloat64);
  const auto refuse = [] {
    throw ArgumentError("images: expected a grid of less than 2^63 bytes, got a larger one");
  };
  const auto side = [&](std::size_t cells, nchw::Axis axis) {
    std::size_t pixels = 0, more = 0;
    const bool is_beyond = __builtin_add_overflow(extent(images, axis), layout.padding, &pixels) ||
                           __builtin_mul_overflow(pixels, cells, &pixels) ||
                           __builtin_add_overflow(pixels, layout.padding, &more) ||
                           __builtin_mul_overflow(bytes, more, &bytes) || bytes > PTRDIFF_MAX;
    if (is_beyond) refuse();
    return more;
  };
  const std::size_t rows = (extent(images, nchw::kImages) - 1) / layout.columns + 1;
  const std::size_t height = side(rows, nchw::kHeight), width = side(layout.columns, nchw::kWidth);
  if (__builtin_mul_overflow(bytes, channels, &bytes) || bytes > PTRDIFF_MAX) refuse();
  return {channels, height, width};
}

void lay_grid(const ArraySource& images, GridLayout layout, const void* filling, void* to) {
  const std::size_t item = item_size(images.dtype);
  const std::size_t row_bytes = extent(images, nchw::kWidth) * item;
  const bool in_a_row = images.strides[nchw::kWidth] == static_cast<std::ptrdiff_t>(item);
  const auto filler = filled_row(filling, item, grid_shape(images, layout)[2]);
  lay(images, layout, filler, item, static_cast<std::uint8_t*>(to),
      [&](std::size_t n, std::size_t c, std::size_t y, std::uint8_t* row) {
        const ArraySource from = row_of(images, n, c, y);
        if (in_a_row) {
          std::memcpy(row, from.data, row_bytes);
        } else {
          gather(from, row);
        }
      });
}

void lay_scaled_grid(const ArraySource& images, GridLayout layout, const GridScale& scale, double filling,
                     void* to) {
  if (images.dtype == DType::kFloat64) {
    lay_values<double>(images, layout, scale, filling, to);
  } else {
    lay_values<float>(images, layout, scale, static_cast<float>(filling), to);
  }
}

}  // namespace tickertape
