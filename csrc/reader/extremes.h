// Fewer points of a curve, without its first, last, least and greatest ones being lost. L4.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tickertape {

// The numbers of at most `points` values, ascending: all if there are no more; otherwise the first, the last,
// and two of each of the equal stretches between them, the least and the greatest. So there are `points`, or
// one less if that is odd. One point is the last value, two or three are the first and the last, zero are
// none. NaN is neither least nor greatest. Throws std::bad_alloc.
std::vector<std::size_t> extremes(std::span<const double> values, std::size_t points);

}  // namespace tickertape
