// Converts axis order, scale and grid as torch's image(), convert_to_HWC() and make_grid() do, row by row.
// L1; between the snapshot of an image and the PNG encoder.
#include "codec/image/pixels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "array/array_block.h"
#include "base/cpu.h"
#include "base/error.h"
#include "codec/image/extremes.h"
#include "codec/image/integer_pixels.h"
#include "codec/image/pixels_impl.h"

namespace tickertape {
namespace pixels_impl {

void scale_to_bytes_portable(const float* from, std::size_t count, std::uint8_t* to) {
  for (std::size_t i = 0; i < count; ++i) {
    const float scaled = from[i] * 255.0F;
    const float positive = scaled > 0.0F ? scaled : 0.0F;  // false for NaN
    to[i] = static_cast<std::uint8_t>(positive < 255.0F ? positive : 255.0F);
  }
}

void interleave3_portable(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue,
                          std::size_t count, std::uint8_t* to) {
  for (std::size_t i = 0; i < count; ++i) {
    to[3 * i] = red[i];
    to[3 * i + 1] = green[i];
    to[3 * i + 2] = blue[i];
  }
}

namespace {

void scale_to_bytes(const float* from, std::size_t count, std::uint8_t* to) {
  std::size_t done = 0;
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) done = scale_to_bytes_avx2(from, count, to);
#endif
  scale_to_bytes_portable(from + done, count - done, to + done);
}

void interleave3(const std::uint8_t* red, const std::uint8_t* green, const std::uint8_t* blue,
                 std::size_t count, std::uint8_t* to) {
  std::size_t done = 0;
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) done = interleave3_avx2(red, green, blue, count, to);
#endif
  interleave3_portable(red + done, green + done, blue + done, count - done, to + 3 * done);
}

// Converts the contiguous elements [from, from + count) of `data` to bytes.
void convert_line(const void* data, DType dtype, std::size_t from, std::size_t count, std::uint8_t* to,
                  Extremes<float>& extremes) {
  if (dtype == DType::kUint8) {
    std::memcpy(to, static_cast<const std::uint8_t*>(data) + from, count);
    return;
  }
  const ArrayView values{data, from + count, dtype};
  std::array<float, kBlockSize> block;
  for (std::size_t at = 0; at < count; at += kBlockSize) {
    const std::size_t size = std::min(kBlockSize, count - at);
    convert_elements(values, from + at, size, block.data());
    extremes.add(block.data(), size);
    scale_to_bytes(block.data(), size, to + at);
  }
}

// Converts rows of an image with any axis order to rows of interleaved bytes. Owns the scratch rows for this.
class RowConverter {
 public:
  RowConverter(const ImageArray& images, std::uint32_t channels_out)
      : images_(images), channels_out_(channels_out), scratch_(std::size_t{images.width} * images.channels) {}

  // Writes row `y` of image `n`: width * channels_out bytes.
  void convert(std::uint32_t n, std::uint32_t y, std::uint8_t* to) {
    const std::ptrdiff_t start = n * images_.stride_n + y * images_.stride_h;
    if (images_.channels == 1) {
      const std::uint8_t* line = plane(start, 0);
      interleave3(line, line, line, images_.width, to);
    } else if (images_.stride_c == 1 && images_.stride_w == std::ptrdiff_t{images_.channels}) {
      const std::size_t count = std::size_t{images_.width} * images_.channels;
      convert_line(images_.data, images_.dtype, static_cast<std::size_t>(start), count, to, extremes_);
    } else if (images_.channels == 3) {
      const std::uint8_t* red = plane(start, 0);
      const std::uint8_t* green = plane(start, 1);
      interleave3(red, green, plane(start, 2), images_.width, to);
    } else {
      for (std::uint32_t c = 0; c < images_.channels; ++c) {
        const std::uint8_t* line = plane(start, c);
        for (std::size_t x = 0; x < images_.width; ++x) to[x * channels_out_ + c] = line[x];
      }
    }
  }

  void add_to(PixelReport& report) const {
    report.has_nan |= extremes_.has_nan();
    report.greatest = std::max(report.greatest, extremes_.greatest());
  }

 private:
  // One channel of the row that starts at element `start`, as bytes: in place if possible, otherwise in the
  // scratch row of this channel.
  const std::uint8_t* plane(std::ptrdiff_t start, std::uint32_t c) {
    const auto from = static_cast<std::size_t>(start + c * images_.stride_c);
    if (images_.stride_w == 1 && images_.dtype == DType::kUint8) {
      return static_cast<const std::uint8_t*>(images_.data) + from;
    }
    std::uint8_t* to = scratch_.data() + std::size_t{c} * images_.width;
    if (images_.stride_w == 1) {
      convert_line(images_.data, images_.dtype, from, images_.width, to, extremes_);
    } else {
      convert_line(gathered(from), images_.dtype, 0, images_.width, to, extremes_);
    }
    return to;
  }

  // Copies the elements of a strided row side by side.
  const void* gathered(std::size_t from) {
    const std::size_t item = item_size(images_.dtype);
    gathered_.resize((images_.width * item + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
    auto* to = reinterpret_cast<std::uint8_t*>(gathered_.data());
    const auto* element = static_cast<const std::uint8_t*>(images_.data) + from * item;
    const std::size_t step = static_cast<std::size_t>(images_.stride_w) * item;
    for (std::uint32_t x = 0; x < images_.width; ++x) std::memcpy(to + x * item, element + x * step, item);
    return to;
  }

  const ImageArray& images_;
  std::uint32_t channels_out_;
  std::vector<std::uint8_t> scratch_;
  std::vector<std::uint64_t> gathered_;  // 64-bit words, so that elements of any type are aligned
  Extremes<float> extremes_;             // of the floats that were converted
};

// The same images with one byte for each element, which `bytes` keeps.
ImageArray as_bytes_in(const ImageArray& images, Buffer& bytes) {
  const std::size_t size = std::size_t{images.count} * images.channels * images.height * images.width;
  integers_to_bytes({images.data, size, images.dtype}, "img_tensor", bytes.extend(size));
  ImageArray converted = images;
  converted.data = bytes.data();
  converted.dtype = DType::kUint8;
  return converted;
}

constexpr char upper(char letter) {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

// True if `letters` is a permutation of axes that add_image() accepts.
bool is_known_format(std::string_view letters) {
  for (const std::string_view known : {"NCHW", "CHW", "HW"}) {
    if (std::is_permutation(letters.begin(), letters.end(), known.begin(), known.end())) return true;
  }
  return false;
}

std::string shape_text(const std::size_t* shape, std::size_t rank) {
  std::string text = "(";
  for (std::size_t axis = 0; axis < rank; ++axis)
    text += (axis > 0 ? ", " : "") + std::to_string(shape[axis]);
  return text + ")";
}

}  // namespace
}  // namespace pixels_impl

ImageArray image_array(const void* data, DType dtype, const std::size_t* shape, std::size_t rank,
                       std::string_view dataformats) {
  using namespace pixels_impl;
  std::string letters(dataformats);
  std::transform(letters.begin(), letters.end(), letters.begin(), upper);
  if (!is_known_format(letters)) {
    throw ArgumentError("dataformats: expected a permutation of NCHW, CHW or HW, got '" +
                        std::string(dataformats) + "'");
  }
  if (letters.size() != rank) {
    throw ArgumentError("dataformats: expected a letter for each axis of shape " + shape_text(shape, rank) +
                        ", got '" + std::string(dataformats) + "'");
  }
  ImageArray images{data, dtype};
  std::ptrdiff_t stride = 1;
  for (std::size_t axis = rank; axis-- > 0;) {
    if (shape[axis] == 0 || shape[axis] > std::numeric_limits<std::int32_t>::max()) {
      throw ArgumentError("images: expected 1 to 2147483647 pixels on each axis, got shape " +
                          shape_text(shape, rank));
    }
    const auto size = static_cast<std::uint32_t>(shape[axis]);
    switch (letters[axis]) {
      case 'N':
        images.count = size, images.stride_n = stride;
        break;
      case 'C':
        images.channels = size, images.stride_c = stride;
        break;
      case 'H':
        images.height = size, images.stride_h = stride;
        break;
      default:
        images.width = size, images.stride_w = stride;
        break;
    }
    stride *= static_cast<std::ptrdiff_t>(size);
  }
  return images;
}

PixelSize pixel_size(const ImageArray& images, bool grid) {
  if (!grid) {
    if (images.count != 1)
      throw ArgumentError("images: expected one, got " + std::to_string(images.count) +
                          "; make a grid of them");
    if (images.channels < 1 || images.channels > 4) {
      throw ArgumentError("images: expected 1 to 4 channels, got " + std::to_string(images.channels));
    }
    return {images.width, images.height, images.channels == 1 ? 3 : images.channels};
  }
  if (images.channels != 1 && images.channels != 3 && images.channels != 4) {
    throw ArgumentError("images: expected 1, 3 or 4 channels in a grid, got " +
                        std::to_string(images.channels));
  }
  const std::uint32_t columns = std::min(images.count, kGridColumns);
  const std::uint32_t rows = (images.count + columns - 1) / columns;
  const std::uint64_t width = std::uint64_t{images.width} * columns;
  const std::uint64_t height = std::uint64_t{images.height} * rows;
  if (std::max(width, height) > std::numeric_limits<std::int32_t>::max()) {
    throw ArgumentError("images: expected a grid of at most 2147483647 pixels a side, got " +
                        std::to_string(width) + " x " + std::to_string(height));
  }
  return {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height),
          std::max(images.channels, 3U)};
}

std::optional<PixelView> pixels_in_place(const ImageArray& images, bool grid) {
  const PixelSize size = pixel_size(images, grid);
  if (images.count != 1 || images.dtype != DType::kUint8 || images.channels != size.channels ||
      images.stride_c != 1 || images.stride_w != std::ptrdiff_t{images.channels}) {
    return std::nullopt;
  }
  return PixelView{static_cast<const std::uint8_t*>(images.data), size.width, size.height, size.channels,
                   static_cast<std::size_t>(images.stride_h)};
}

PixelSize to_pixels(const ImageArray& images, bool grid, Buffer& out, PixelReport* report) {
  const PixelSize size = pixel_size(images, grid);
  if (has_integer_scale(images.dtype)) {
    Buffer bytes;
    return to_pixels(pixels_impl::as_bytes_in(images, bytes), grid, out, report);
  }
  const std::size_t row_bytes = std::size_t{size.width} * size.channels;
  const std::size_t cell_bytes = std::size_t{images.width} * size.channels;
  const std::size_t columns = size.width / images.width;
  std::uint8_t* const pixels = out.extend(row_bytes * size.height);
  const std::size_t missing = columns * (size.height / images.height) - images.count;
  if (missing > 0) {  // only at the end of the last row of images
    std::memset(pixels + row_bytes * (size.height - images.height), 0, row_bytes * images.height);
  }
  pixels_impl::RowConverter rows(images, size.channels);
  for (std::uint32_t n = 0; n < images.count; ++n) {
    std::uint8_t* cell = pixels + n / columns * row_bytes * images.height + n % columns * cell_bytes;
    for (std::uint32_t y = 0; y < images.height; ++y) rows.convert(n, y, cell + y * row_bytes);
  }
  if (report != nullptr) rows.add_to(*report);
  return size;
}

}  // namespace tickertape
