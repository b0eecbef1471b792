// Clips laid out as frames, against a layout written by hand.
#include "codec/gif/clip.h"

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "check.h"

using namespace tickertape;

namespace {

// A clip whose pixels are all n * 16 + t, for clip n at frame t.
std::vector<std::uint8_t> numbered(const ClipShape& shape) {
  std::vector<std::uint8_t> clips;
  for (std::uint64_t n = 0; n < shape[0]; ++n) {
    for (std::uint64_t t = 0; t < shape[1]; ++t) {
      clips.insert(clips.end(), shape[2] * shape[3] * shape[4], static_cast<std::uint8_t>(n * 16 + t + 1));
    }
  }
  return clips;
}

}  // namespace

TEST_ON_EVERY_CPU(the_grid_matches_torch) {
  struct Case {
    std::uint64_t clips;
    std::uint32_t rows, columns;
  };
  // torch's _prepare_video: rows = 2^((bits - 1) / 2) for N with that many bits, columns = N rounded up to a
  // power of two, divided by rows.
  for (const Case& c :
       {Case{1, 1, 1}, {2, 1, 2}, {3, 1, 4}, {4, 2, 2}, {5, 2, 4}, {8, 2, 4}, {9, 2, 8}, {16, 4, 4}}) {
    const ClipGrid grid = clip_grid({c.clips, 1, 3, 5, 7});
    CHECK_EQ(grid.rows, c.rows);
    CHECK_EQ(grid.columns, c.columns);
    CHECK_EQ(grid.width, c.columns * 7);
    CHECK_EQ(grid.height, c.rows * 5);
  }
}

TEST_ON_EVERY_CPU(every_clip_is_in_its_cell_and_the_rest_is_black) {
  for (const std::uint64_t channels : {1U, 3U}) {
    const ClipShape shape{5, 2, channels, 3, 2};
    const std::vector<std::uint8_t> clips = numbered(shape);
    Buffer out;
    const ClipGrid grid = to_frames({clips.data(), clips.size(), DType::kUint8}, shape, out);
    CHECK_EQ(out.size(), std::size_t{2} * grid.width * grid.height * 3);
    for (std::size_t at = 0; at < out.size(); ++at) {
      const std::size_t x = at / 3 % grid.width, y = at / 3 / grid.width % grid.height;
      const std::size_t t = at / 3 / grid.width / grid.height;
      const std::size_t n = y / 3 * grid.columns + x / 2;
      const std::size_t expected = n < 5 ? n * 16 + t + 1 : 0;
      if (out.data()[at] != expected) CHECK_EQ(static_cast<std::size_t>(out.data()[at]), expected);
    }
  }
}

TEST_ON_EVERY_CPU(floats_are_scaled) {
  const std::vector<float> clip{0, 0.5F, 1, 2};
  Buffer out;
  to_frames({clip.data(), clip.size(), DType::kFloat32}, {1, 2, 1, 1, 2}, out);
  const std::vector<std::uint8_t> got(out.data(), out.data() + out.size());
  CHECK(got == (std::vector<std::uint8_t>{0, 0, 0, 127, 127, 127, 255, 255, 255, 255, 255, 255}));
}

TEST_ON_EVERY_CPU(invalid_shapes_are_refused) {
  for (const ClipShape& shape : {ClipShape{0, 1, 3, 4, 4},
                                 {1, 0, 3, 4, 4},
                                 {1, 1, 2, 4, 4},
                                 {1, 1, 4, 4, 4},
                                 {1, 1, 3, 65536, 1},
                                 {2, 1, 3, 1, 40000},
                                 {1ULL << 63, 1, 3, 1, 1}}) {
    CHECK_THROWS(ArgumentError, clip_grid(shape));
  }
  Buffer out;
  const std::vector<std::uint8_t> clip(11);
  CHECK_THROWS(ArgumentError, to_frames({clip.data(), 11, DType::kUint8}, {1, 1, 3, 2, 2}, out));
  CHECK_THROWS(ArgumentError, to_frames({clip.data(), 9, DType::kUint8}, {2, 1, 3, 1, 3}, out));
}

TEST_MAIN()
