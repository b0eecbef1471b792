// libpng as an oracle, in addition to the reader of inflate.h. CMake detects whether it is available.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "codec/image/inflate.h"
#include "codec/image/pixels.h"

#if defined(TICKERTAPE_LIBPNG)
#include <png.h>
#endif

namespace tickertape::test {

#if defined(TICKERTAPE_LIBPNG)

inline constexpr bool kHasLibpng = true;
inline constexpr std::uint32_t kLibpngMostPixels =
    1000000;  // across; PNG_USER_WIDTH_MAX, unless an application asks

// Reads a PNG file with libpng's simplified interface, in the file's own channels. Throws if libpng reports
// an error or a warning.
inline DecodedPng decode_with_libpng(Bytes file) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  png_image_begin_read_from_memory(&image, file.data(), file.size());
  DecodedPng decoded{image.width, image.height, PNG_IMAGE_SAMPLE_CHANNELS(image.format), {}};
  if (image.warning_or_error == 0) {
    decoded.pixels.resize(PNG_IMAGE_SIZE(image));
    png_image_finish_read(&image, nullptr, decoded.pixels.data(), 0, nullptr);
  }
  png_image_free(&image);
  require(image.warning_or_error == 0, image.message);
  return decoded;
}

#else

inline constexpr bool kHasLibpng = false;

#endif

// Checks that both readers read this picture. Returns the name of a reader that does not, or "". Without
// libpng there is one reader. libpng does not read pictures that are wider than its default limit.
inline std::string misread(Bytes file, const PixelView& picture) {
  const auto same = [&picture](const DecodedPng& decoded) {
    const std::size_t row_bytes = std::size_t{picture.width} * picture.channels;
    if (decoded.width != picture.width || decoded.height != picture.height ||
        decoded.channels != picture.channels || decoded.pixels.size() != row_bytes * picture.height) {
      return false;
    }
    for (std::size_t y = 0; y < picture.height; ++y) {
      const std::uint8_t* row = decoded.pixels.data() + y * row_bytes;
      if (!std::equal(row, row + row_bytes, picture.data + y * picture.stride)) return false;
    }
    return true;
  };
  if (!same(decode_png(file))) return "our reader";
#if defined(TICKERTAPE_LIBPNG)
  if (picture.width <= kLibpngMostPixels && !same(decode_with_libpng(file))) return "libpng";
#endif
  return "";
}

}  // namespace tickertape::test
