// Fewer points of a curve, without its first, last, least and greatest ones being lost. L4.
#include "reader/extremes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tickertape {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Adds the first of the least and the first of the greatest values in [begin, end), which has two at least.
// If that is one value, another one at an end goes with it, so that there are two in any case.
void add_extremes(std::span<const double> values, std::size_t begin, std::size_t end,
                  std::vector<std::size_t>& numbers) {
  std::size_t least = begin, greatest = begin;
  double low = std::isnan(values[begin]) ? kInfinity : values[begin];
  double high = std::isnan(values[begin]) ? -kInfinity : values[begin];
  for (std::size_t i = begin + 1; i < end; ++i) {
    // Both comparisons are false for NaN.
    if (values[i] < low) low = values[least = i];
    if (values[i] > high) high = values[greatest = i];
  }
  if (least == greatest) greatest = least == begin ? end - 1 : begin;
  numbers.push_back(std::min(least, greatest));
  numbers.push_back(std::max(least, greatest));
}

}  // namespace

std::vector<std::size_t> extremes(std::span<const double> values, std::size_t points) {
  std::vector<std::size_t> numbers;
  const std::size_t count = values.size();
  if (count <= points) {
    numbers.resize(count);
    std::iota(numbers.begin(), numbers.end(), std::size_t{0});
    return numbers;
  }
  if (points == 0) return numbers;
  numbers.reserve(points);
  if (points > 1) numbers.push_back(0);
  if (points > 3) {
    const std::size_t stretches = (points - 2) / 2;
    // Each has two values at least, because there are more than 2 * stretches + 2 in all.
    const std::size_t inner = count - 2, length = inner / stretches, longer = inner % stretches;
    std::size_t begin = 1;
    for (std::size_t i = 0; i < stretches; ++i) {
      const std::size_t end = begin + length + (i < longer ? 1 : 0);
      add_extremes(values, begin, end, numbers);
      begin = end;
    }
  }
  numbers.push_back(count - 1);
  return numbers;
}

}  // namespace tickertape
