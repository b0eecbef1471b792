// Grids of arrays with any strides against a slow model; NaN values, and sizes that are refused. The Python
// tests compare with what torchvision documents.
#include "codec/image/grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/error.h"
#include "check.h"

using namespace tickertape;

namespace {

using Shape = std::array<std::ptrdiff_t, 4>;

// An array of random elements with gaps along every axis, whose axes are in memory in the order of `axes`.
template <typename T>
struct Images {
  Shape shape, strides{};
  DType dtype;
  std::vector<T> values;

  Images(Shape sizes, DType type, std::array<std::size_t, 4> axes) : shape(sizes), dtype(type) {
    std::ptrdiff_t elements = 1;
    for (std::size_t i = 4; i-- > 0; elements *= shape[axes[i]] + 1) {
      strides[axes[i]] = elements * static_cast<std::ptrdiff_t>(sizeof(T));
    }
    static std::mt19937 random(9);
    for (std::ptrdiff_t i = 0; i < elements; ++i) values.push_back(static_cast<T>(random() % 251));
  }

  ArraySource source() const { return {values.data(), dtype, 4, shape.data(), strides.data()}; }
  T at(std::ptrdiff_t n, std::ptrdiff_t c, std::ptrdiff_t y, std::ptrdiff_t x) const {
    const std::ptrdiff_t bytes =
        n * strides[0] + (shape[1] == 1 ? 0 : c) * strides[1] + y * strides[2] + x * strides[3];
    return values[static_cast<std::size_t>(bytes) / sizeof(T)];
  }
};

// Calls visit(pixel of the grid, n, c, y, x); n is -1 if there is no image.
template <typename Visit>
void for_each_pixel(const Shape& shape, GridLayout layout, Visit visit) {
  const auto columns = static_cast<std::ptrdiff_t>(layout.columns);
  const auto padding = static_cast<std::ptrdiff_t>(layout.padding);
  const std::ptrdiff_t rows = (shape[0] + columns - 1) / columns;
  const std::ptrdiff_t high = shape[2] + padding, wide = shape[3] + padding;
  std::size_t pixel = 0;
  for (std::ptrdiff_t c = 0; c < (shape[1] == 1 ? 3 : shape[1]); ++c) {
    for (std::ptrdiff_t y = -padding; y < rows * high; ++y) {
      for (std::ptrdiff_t x = -padding; x < columns * wide; ++x) {
        const bool inside = y >= 0 && x >= 0 && y % high < shape[2] && x % wide < shape[3];
        const std::ptrdiff_t n = inside ? y / high * columns + x / wide : -1;
        visit(pixel++, n < shape[0] ? n : -1, c, inside ? y % high : 0, inside ? x % wide : 0);
      }
    }
  }
}

std::size_t pixels_of(const ArraySource& source, GridLayout layout) {
  const auto [channels, height, width] = grid_shape(source, layout);
  return channels * height * width;
}

constexpr GridLayout kLayouts[] = {{1, 0}, {1, 2}, {3, 0}, {4, 3}, {7, 1}, {20, 2}};
constexpr std::array<std::size_t, 4> kOrders[] = {{0, 1, 2, 3}, {0, 2, 3, 1}, {3, 2, 1, 0}, {1, 0, 3, 2}};

template <typename T>
void check_copies(DType dtype) {
  const T filling{77};
  for (const auto& order : kOrders) {
    for (const GridLayout layout : kLayouts) {
      const Images<T> images({7, layout.columns == 3 ? 1 : 3, 5, 19}, dtype, order);
      std::vector<T> grid(pixels_of(images.source(), layout));
      lay_grid(images.source(), layout, &filling, grid.data());
      std::size_t wrong = 0;
      for_each_pixel(images.shape, layout, [&](std::size_t i, auto n, auto c, auto y, auto x) {
        wrong += grid[i] != (n < 0 ? filling : images.at(n, c, y, x));
      });
      CHECK_EQ(wrong, 0U);
    }
  }
}

template <typename T, typename Value>
void check_scaling(DType dtype, const GridScale& scale) {
  for (const auto& order : kOrders) {
    for (const GridLayout layout : kLayouts) {
      const Images<T> images({7, layout.columns == 3 ? 1 : 3, 5, 19}, dtype, order);
      std::vector<Value> grid(pixels_of(images.source(), layout));
      lay_scaled_grid(images.source(), layout, scale, 0.5, grid.data());
      std::vector<std::pair<Value, Value>> ranges(7, {1000, -1000});
      const auto range_of = [&](std::ptrdiff_t n) -> auto& {
        return ranges[scale.each ? static_cast<std::size_t>(n) : 0];
      };
      for_each_pixel(images.shape, layout, [&](std::size_t, auto n, auto c, auto y, auto x) {
        if (n < 0) return;
        const auto value = static_cast<Value>(images.at(n, c, y, x));
        range_of(n) = {std::min(range_of(n).first, value), std::max(range_of(n).second, value)};
      });
      std::size_t wrong = 0;
      for_each_pixel(images.shape, layout, [&](std::size_t i, auto n, auto c, auto y, auto x) {
        if (n < 0) {
          wrong += grid[i] != Value{0.5};
          return;
        }
        const auto [low, high] = scale.range ? std::pair<Value, Value>(*scale.range) : range_of(n);
        const auto clipped = std::clamp(static_cast<Value>(images.at(n, c, y, x)), low, high);
        wrong += grid[i] != (clipped - low) / (high - low);
      });
      CHECK_EQ(wrong, 0U);
    }
  }
}

template <typename T, typename Value>
void check_scalings(DType dtype) {
  check_scaling<T, Value>(dtype, {std::nullopt, false});
  check_scaling<T, Value>(dtype, {std::nullopt, true});
  check_scaling<T, Value>(dtype, {std::pair{20.0, 200.0}, false});
}

}  // namespace

TEST(grids_are_copied) {
  check_copies<std::uint8_t>(DType::kUint8);
  check_copies<std::uint16_t>(DType::kFloat16);
  check_copies<float>(DType::kFloat32);
  check_copies<std::int64_t>(DType::kInt64);
}

TEST_ON_EVERY_CPU(scaled) {
  check_scalings<std::uint8_t, float>(DType::kUint8);
  check_scalings<std::int64_t, float>(DType::kInt64);
  check_scalings<float, float>(DType::kFloat32);
  check_scalings<double, double>(DType::kFloat64);
}

TEST(nan_makes_its_image_nan) {
  for (std::size_t place = 0; place < 11; ++place) {
    std::vector<float> values(22, 1.0F);
    values[3] = 3.0F;
    values[place] = std::numeric_limits<float>::quiet_NaN();
    const Shape shape = {2, 1, 1, 11}, strides = {44, 44, 44, 4};
    const ArraySource source{values.data(), DType::kFloat32, 4, shape.data(), strides.data()};
    std::vector<float> grid(3 * 22);  // one channel becomes three
    lay_scaled_grid(source, {2, 0}, {std::nullopt, true}, 0, grid.data());
    for (std::size_t i = 0; i < grid.size(); ++i) CHECK_EQ(std::isnan(grid[i]), i % 22 < 11);
    lay_scaled_grid(source, {2, 0}, {std::pair{0.0, 2.0}, true}, 0, grid.data());
    for (std::size_t i = 0; i < grid.size(); ++i) CHECK_EQ(std::isnan(grid[i]), i % 22 == place);
  }
}

TEST(bad_arguments) {
  const std::uint8_t value = 0;
  const auto shape_of = [&value](Shape shape, std::size_t rank, GridLayout layout) {
    const Shape strides = {0, 0, 0, 0};
    return grid_shape({&value, DType::kUint8, rank, shape.data(), strides.data()}, layout);
  };
  CHECK_THROWS(ArgumentError, shape_of({1, 1, 1, 1}, 3, {1, 0}));
  CHECK_THROWS(ArgumentError, shape_of({1, 0, 1, 1}, 4, {1, 0}));
  CHECK_THROWS(ArgumentError, shape_of({1, 1, 1, 1}, 4, {0, 0}));
  CHECK_THROWS(ArgumentError, shape_of({9, 3, 1, 1}, 4, {2, std::size_t{1} << 40}));
  CHECK_THROWS(ArgumentError, shape_of({9, 3, 1, 1}, 4, {2, ~std::size_t{0}}));
  CHECK_THROWS(ArgumentError, shape_of({9, 3, PTRDIFF_MAX, 1}, 4, {2, 1}));
}

TEST_MAIN()
