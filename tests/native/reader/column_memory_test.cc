// Memory that series share: nothing overlaps, and it lives as long as somebody owns a part of it.
#include "reader/column_memory.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "check.h"

namespace tickertape {
namespace {

struct Filled {
  ColumnMemory::Place place;
  std::size_t size;
  std::uint8_t byte;

  bool is_intact() const {
    return std::all_of(place.data, place.data + size, [this](std::uint8_t each) { return each == byte; });
  }
};

TEST(parts_do_not_overlap_and_outlive_the_memory) {
  std::vector<Filled> all;
  {
    ColumnMemory memory;
    for (std::size_t i = 0; i < 400; ++i) {
      const std::size_t size = i % 50 == 49 ? ColumnMemory::kMostBytes : i * i % 30'000 + 1;
      all.push_back({memory.take(size), size, static_cast<std::uint8_t>(i)});
      CHECK_EQ(reinterpret_cast<std::uintptr_t>(all.back().place.data) % 8, std::uintptr_t{0});
      std::fill_n(all.back().place.data, size, all.back().byte);
    }
  }
  // Blocks whose last part is gone are freed; the others stay.
  for (std::size_t i = 0; i < all.size(); i += 2) all[i].place.owner.reset();
  for (std::size_t i = 1; i < all.size(); i += 2) CHECK(all[i].is_intact());
}

TEST(a_short_series_takes_little) {
  ColumnMemory memory;
  const ColumnMemory::Place first = memory.take(100), second = memory.take(100);
  CHECK(first.owner == second.owner);
  CHECK_EQ(second.data - first.data, std::ptrdiff_t{104});
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
