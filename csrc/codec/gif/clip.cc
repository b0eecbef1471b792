// The frames of add_video: to_pixels() converts each picture of a clip, which is then copied to its cell. L1.
#include "codec/gif/clip.h"

#include <bit>
#include <cstring>
#include <string>

#include "base/error.h"
#include "codec/image/integer_pixels.h"

namespace tickertape {
namespace {

constexpr std::size_t kChannelsOut = 3;
constexpr std::uint64_t kMaxClipSide = 65535;  // GIF89a stores sizes as 16-bit words

namespace ntchw {
enum Axis : std::size_t { kClips, kFrames, kChannels, kHeight, kWidth };
}  // namespace ntchw

// The picture of clip `n` at frame `t`.
ImageArray picture(ArrayView clips, const ClipShape& shape, std::uint64_t n, std::uint64_t t) {
  const std::uint64_t pixels = shape[ntchw::kHeight] * shape[ntchw::kWidth];
  const std::uint64_t start = (n * shape[ntchw::kFrames] + t) * shape[ntchw::kChannels] * pixels;
  ImageArray image;
  image.data = static_cast<const std::uint8_t*>(clips.data) + start * item_size(clips.dtype);
  image.dtype = clips.dtype;
  image.height = static_cast<std::uint32_t>(shape[ntchw::kHeight]);
  image.width = static_cast<std::uint32_t>(shape[ntchw::kWidth]);
  image.channels = static_cast<std::uint32_t>(shape[ntchw::kChannels]);
  image.stride_c = static_cast<std::ptrdiff_t>(pixels);
  image.stride_h = static_cast<std::ptrdiff_t>(shape[ntchw::kWidth]);
  image.stride_w = 1;
  return image;
}

[[noreturn]] void refuse_frames(const std::string& given) {
  throw ArgumentError("clips: expected frames of at most 65535 x 65535 pixels, got " + given);
}

}  // namespace

ClipGrid clip_grid(const ClipShape& shape) {
  for (const std::uint64_t extent : shape) {
    if (extent == 0) throw ArgumentError("clips: expected pixels, got an axis of length 0");
  }
  if (shape[ntchw::kChannels] != 1 && shape[ntchw::kChannels] != 3) {
    throw ArgumentError("clips: expected 1 or 3 channels, got " + std::to_string(shape[ntchw::kChannels]));
  }
  // Even with one pixel each, more clips would not fit in a frame. The limit also keeps the products below in
  // range.
  const std::uint64_t clips = shape[ntchw::kClips];
  if (clips > kMaxClipSide || shape[ntchw::kHeight] > kMaxClipSide || shape[ntchw::kWidth] > kMaxClipSide) {
    refuse_frames(std::to_string(clips) + " clips of " + std::to_string(shape[ntchw::kWidth]) + " x " +
                  std::to_string(shape[ntchw::kHeight]));
  }
  std::uint64_t rows = 1;  // 2^(floor(log2(N) / 2)): about as many rows as columns
  while (4 * rows * rows <= clips) rows *= 2;
  const std::uint64_t columns = std::bit_ceil(clips) / rows;
  const std::uint64_t width = columns * shape[ntchw::kWidth], height = rows * shape[ntchw::kHeight];
  if (width > kMaxClipSide || height > kMaxClipSide) {
    refuse_frames(std::to_string(width) + " x " + std::to_string(height));
  }
  return {static_cast<std::uint32_t>(rows), static_cast<std::uint32_t>(columns),
          static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)};
}

ClipGrid to_frames(ArrayView clips, const ClipShape& shape, Buffer& out, PixelReport* report) {
  const ClipGrid grid = clip_grid(shape);
  const std::uint64_t frames = shape[ntchw::kFrames];
  const std::uint64_t clip_size = shape[ntchw::kChannels] * shape[ntchw::kHeight] * shape[ntchw::kWidth];
  if (clips.size % clip_size != 0 || clips.size / clip_size % shape[ntchw::kClips] != 0 ||
      clips.size / clip_size / shape[ntchw::kClips] != frames) {
    throw ArgumentError("clips: expected as many elements as the shape has, got " +
                        std::to_string(clips.size));
  }
  Buffer bytes;
  if (has_integer_scale(clips.dtype)) {
    integers_to_bytes(clips, "vid_tensor", bytes.extend(clips.size));
    clips = {bytes.data(), clips.size, DType::kUint8};
  }
  const std::size_t cell_bytes = shape[ntchw::kWidth] * kChannelsOut;
  const std::size_t row_bytes = cell_bytes * grid.columns;
  Buffer cell;
  for (std::uint64_t t = 0; t < frames; ++t) {
    if (shape[ntchw::kClips] == 1) {
      to_pixels(picture(clips, shape, 0, t), false, out, report);
      continue;
    }
    std::uint8_t* const frame = out.extend(row_bytes * grid.height);
    std::memset(frame, 0, row_bytes * grid.height);
    for (std::uint64_t n = 0; n < shape[ntchw::kClips]; ++n) {
      cell.clear();
      to_pixels(picture(clips, shape, n, t), false, cell, report);
      std::uint8_t* to =
          frame + n / grid.columns * shape[ntchw::kHeight] * row_bytes + n % grid.columns * cell_bytes;
      for (std::uint64_t y = 0; y < shape[ntchw::kHeight]; ++y, to += row_bytes) {
        std::memcpy(to, cell.data() + y * cell_bytes, cell_bytes);
      }
    }
  }
  return grid;
}

}  // namespace tickertape
