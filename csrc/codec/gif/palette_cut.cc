// Chooses 256 colours by cutting the colour cube where the colours vary most. L1; part of the GIF encoder.
// The algorithm follows Wan, Prusinkiewicz and Wong, "A variance-based technique for colour image
// quantization" (1988).
#include <algorithm>
#include <cstddef>
#include <utility>

#include "codec/gif/palette.h"
#include "codec/gif/palette_impl.h"

namespace tickertape {

using namespace palette_impl;

namespace {

constexpr std::size_t kMaxWidth = 65535;  // of a GIF

// The number and the sums of the pixels in one cell of the cube. Integers only: floating point could round
// differently on another processor.
struct Cell {
  std::uint64_t count = 0;
  std::array<std::uint64_t, 3> sums{};

  // The mean along `axis`, in sixteenths. Sums of its square fit in 64 bits up to 2^40 pixels.
  std::uint64_t mean(std::size_t axis) const { return (16 * sums[axis] + count / 2) / count; }
};

// Cells [begin, end), and the axis along which they vary most.
struct Box {
  std::size_t begin, end;
  std::size_t axis = 0;
  std::uint64_t spread = 0;  // sum of squared distances from the mean along `axis`
  std::uint64_t middle = 0;  // the mean
};

Box make_box(const std::vector<Cell>& cells, std::size_t begin, std::size_t end) {
  Box box{begin, end};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::uint64_t count = 0, sum = 0, spread = 0;
    for (std::size_t i = begin; i < end; ++i) {
      count += cells[i].count;
      sum += cells[i].count * cells[i].mean(axis);
    }
    const std::uint64_t middle = (sum + count / 2) / count;
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint64_t mean = cells[i].mean(axis);
      const std::uint64_t off = mean > middle ? mean - middle : middle - mean;
      spread += cells[i].count * off * off;
    }
    if (spread > box.spread) box = {begin, end, axis, spread, middle};
  }
  return box;
}

// A Cell for a limited number of pixels: each word holds two 32-bit sums.
struct PackedCell {
  std::uint64_t red_green = 0, blue_count = 0;
};
// Most pixels for which 32-bit sums cannot overflow: 2^24 * 255 < 2^32.
constexpr std::size_t kMaxStretch = std::size_t{1} << 24;

void unpack(std::vector<PackedCell>& stretch, std::vector<Cell>& cells) {
  constexpr std::uint64_t kLow = 0xFFFFFFFF;
  for (std::size_t i = 0; i < kCells; ++i) {
    const PackedCell from = std::exchange(stretch[i], {});
    cells[i].count += from.blue_count >> 32;
    cells[i].sums[0] += from.red_green & kLow;
    cells[i].sums[1] += from.red_green >> 32;
    cells[i].sums[2] += from.blue_count & kLow;
  }
}

std::vector<Cell> count_cells(std::span<const PixelView> frames) {
  std::vector<Cell> cells(kCells);
  std::vector<PackedCell> stretch(kCells);
  std::vector<std::uint16_t> cells_of_pixels(frames[0].width);
  std::size_t pixels = 0;
  for (const PixelView& frame : frames) {
    for (std::uint32_t y = 0; y < frame.height; ++y) {
      const std::uint8_t* at = frame.data + y * frame.stride;
      cells_of_row(at, frame.width, Shifts{}, cells_of_pixels.data());
      for (std::uint32_t x = 0; x < frame.width; ++x, at += 3) {
        PackedCell& cell = stretch[cells_of_pixels[x]];
        cell.red_green += at[0] | std::uint64_t{at[1]} << 32;
        cell.blue_count += at[2] | std::uint64_t{1} << 32;
      }
      pixels += frame.width;
      if (pixels > kMaxStretch - kMaxWidth) {
        unpack(stretch, cells);
        pixels = 0;
      }
    }
  }
  unpack(stretch, cells);
  std::erase_if(cells, [](const Cell& cell) { return cell.count == 0; });
  return cells;
}

Rgb mean_color(const std::vector<Cell>& cells, const Box& box) {
  Cell all;
  for (std::size_t i = box.begin; i < box.end; ++i) {
    all.count += cells[i].count;
    for (std::size_t axis = 0; axis < 3; ++axis) all.sums[axis] += cells[i].sums[axis];
  }
  const auto rounded = [&all](std::size_t axis) {
    return static_cast<std::uint8_t>((all.sums[axis] + all.count / 2) / all.count);
  };
  return {rounded(0), rounded(1), rounded(2)};
}

}  // namespace

// Cuts the box with the largest spread at its mean until there are enough boxes. The mean colour of each box
// becomes a palette entry.
std::vector<Rgb> cut_colors(std::span<const PixelView> frames) {
  std::vector<Cell> cells = count_cells(frames);
  std::vector<Box> boxes = {make_box(cells, 0, cells.size())};
  while (boxes.size() < kMaxColors) {
    const auto widest = std::max_element(boxes.begin(), boxes.end(),
                                         [](const Box& a, const Box& b) { return a.spread < b.spread; });
    const Box box = *widest;
    if (box.spread == 0) break;
    const auto at = [&cells](std::size_t i) { return cells.begin() + static_cast<std::ptrdiff_t>(i); };
    const auto cut = std::stable_partition(
        at(box.begin), at(box.end), [&box](const Cell& cell) { return cell.mean(box.axis) < box.middle; });
    const auto middle = static_cast<std::size_t>(cut - cells.begin());
    if (middle == box.begin || middle == box.end) {  // the mean was rounded past the outermost cell
      widest->spread = 0;
      continue;
    }
    *widest = make_box(cells, box.begin, middle);
    boxes.push_back(make_box(cells, middle, box.end));
  }
  std::vector<Rgb> colors;
  colors.reserve(boxes.size());
  for (const Box& box : boxes) colors.push_back(mean_color(cells, box));
  return colors;
}

}  // namespace tickertape
