// Exact palettes by hashing; others by cutting the colour cube where the colours vary most. L1: GIF clips.
// The cutting follows Wan, Prusinkiewicz and Wong, "A variance-based technique for colour image quantization"
// (1988).
#include "codec/palette.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace tickertape {
namespace {

constexpr std::size_t kMaxColors = 256;
constexpr unsigned kPlaceBits = 10;  // four places for each colour
constexpr std::uint32_t kPlaceMask = (1U << kPlaceBits) - 1;
constexpr unsigned kCellBits = 5;  // for each channel: 32,768 cells of 8 x 8 x 8 colours
constexpr unsigned kCellShift = 8 - kCellBits;
constexpr std::size_t kCells = std::size_t{1} << (3 * kCellBits);

Rgb pixel(const std::uint8_t* row, std::uint32_t x, std::uint32_t channels) {
  const std::uint8_t* at = row + std::size_t{x} * channels;
  return channels == 1 ? Rgb{at[0], at[0], at[0]} : Rgb{at[0], at[1], at[2]};
}

std::uint32_t packed(Rgb color) {
  return std::uint32_t{color.red} << 16 | std::uint32_t{color.green} << 8 | color.blue;
}

std::size_t cell_of(Rgb color) {
  return std::size_t{color.red} >> kCellShift << (2 * kCellBits) |
         std::size_t{color.green} >> kCellShift << kCellBits | color.blue >> kCellShift;
}

// What the pixels in one cell of the cube add up to. Whole numbers throughout: floating point could round
// differently on another processor.
struct Cell {
  std::uint64_t count = 0;
  std::array<std::uint64_t, 3> sums{};

  // The mean along `axis`, in sixteenths. Sums of its square fit in 64 bits up to 2^40 pixels.
  std::uint64_t mean(std::size_t axis) const { return (16 * sums[axis] + count / 2) / count; }
};

// Cells [begin, end), and along which axis they spread most.
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

std::vector<Cell> count_cells(std::span<const PixelView> frames) {
  std::vector<Cell> cells(kCells);
  for (const PixelView& frame : frames) {
    for (std::uint32_t y = 0; y < frame.height; ++y) {
      const std::uint8_t* row = frame.data + y * frame.stride;
      for (std::uint32_t x = 0; x < frame.width; ++x) {
        const Rgb color = pixel(row, x, frame.channels);
        Cell& cell = cells[cell_of(color)];
        ++cell.count;
        cell.sums[0] += color.red;
        cell.sums[1] += color.green;
        cell.sums[2] += color.blue;
      }
    }
  }
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

// Bayer's 8 x 8 thresholds, 0..63: the bits of x ^ y and y, interleaved and reversed.
constexpr int bayer(std::uint32_t x, std::uint32_t y) {
  int value = 0;
  for (unsigned bit = 0; bit < 3; ++bit) {
    value = value << 2 | static_cast<int>(((x ^ y) >> bit & 1) << 1 | (y >> bit & 1));
  }
  return value;
}

// A shift between -4 and 3: one cell of the cube wide, so that neighbouring cells blend.
int dither(std::uint32_t x, std::uint32_t y) { return bayer(x % 8, y % 8) / 8 - 4; }

Rgb shifted(Rgb color, int shift) {
  const auto clip = [shift](std::uint8_t value) {
    return static_cast<std::uint8_t>(std::clamp(int{value} + shift, 0, 255));
  };
  return {clip(color.red), clip(color.green), clip(color.blue)};
}

}  // namespace

Palette::Palette(std::span<const PixelView> frames) {
  exact_ = collect(frames);
  if (!exact_) choose(frames);
}

// Gathers the colours; false as soon as they are too many.
bool Palette::collect(std::span<const PixelView> frames) {
  places_.assign(std::size_t{1} << kPlaceBits, -1);
  for (const PixelView& frame : frames) {
    for (std::uint32_t y = 0; y < frame.height; ++y) {
      const std::uint8_t* row = frame.data + y * frame.stride;
      for (std::uint32_t x = 0; x < frame.width; ++x) {
        const Rgb color = pixel(row, x, frame.channels);
        std::int16_t& place = place_of(color);
        if (place >= 0) continue;
        if (colors_.size() == kMaxColors) return false;
        place = static_cast<std::int16_t>(colors_.size());
        colors_.push_back(color);
      }
    }
  }
  return true;
}

// Cuts the box that spreads most at its mean, until there are enough boxes; each gives its mean colour.
void Palette::choose(std::span<const PixelView> frames) {
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
  colors_.clear();
  for (const Box& box : boxes) colors_.push_back(mean_color(cells, box));
  nearest_.assign(kCells, -1);
}

// Where `color` stands in an exact palette's table, or where it would go.
std::int16_t& Palette::place_of(Rgb color) {
  // Fibonacci hashing: 2^32 divided by the golden ratio.
  std::uint32_t place = packed(color) * 0x9E3779B9U >> (32 - kPlaceBits);
  while (places_[place] >= 0 && packed(colors_[static_cast<std::size_t>(places_[place])]) != packed(color)) {
    place = (place + 1) & kPlaceMask;
  }
  return places_[place];
}

std::uint8_t Palette::nearest_index(std::size_t cell) {
  if (nearest_[cell] >= 0) return static_cast<std::uint8_t>(nearest_[cell]);
  constexpr std::size_t kMask = (1U << kCellBits) - 1;
  const auto center = [](std::size_t part) {
    return static_cast<int>((part << kCellShift) + (1 << kCellShift) / 2);
  };
  const int red = center(cell >> (2 * kCellBits));
  const int green = center(cell >> kCellBits & kMask);
  const int blue = center(cell & kMask);
  int least = std::numeric_limits<int>::max();
  for (std::size_t i = 0; i < colors_.size(); ++i) {
    const int r = colors_[i].red - red, g = colors_[i].green - green, b = colors_[i].blue - blue;
    const int distance = r * r + g * g + b * b;
    if (distance < least) {
      least = distance;
      nearest_[cell] = static_cast<std::int16_t>(i);
    }
  }
  return static_cast<std::uint8_t>(nearest_[cell]);
}

void Palette::map_row(const PixelView& frame, std::uint32_t y, std::uint8_t* indices) {
  const std::uint8_t* row = frame.data + y * frame.stride;
  for (std::uint32_t x = 0; x < frame.width; ++x) {
    const Rgb color = pixel(row, x, frame.channels);
    indices[x] = exact_ ? static_cast<std::uint8_t>(place_of(color))
                        : nearest_index(cell_of(shifted(color, dither(x, y))));
  }
}

}  // namespace tickertape
