// What encoding an op left out or changed, for the user. L2.
#pragma once

#include <cstdint>
#include <string>

#include "codec/image/pixels.h"

namespace tickertape {

struct EncodeReport {
  // Bits: what a report may say. Each is said once for a tag.
  enum Finding : unsigned { kNonFinite = 1, kNanPixels = 2, kBrightPixels = 4 };

  std::uint64_t nan_count = 0;       // NaN values of a histogram
  std::uint64_t infinite_count = 0;  // infinite values of a histogram
  PixelReport pixels;                // of an image or a video

  unsigned findings() const {
    return (nan_count + infinite_count != 0 ? kNonFinite : 0U) | (pixels.has_nan ? kNanPixels : 0U) |
           (pixels.greatest > kBrightestFloat ? kBrightPixels : 0U);
  }
  // A sentence for one of the findings. `of`: which histogram or picture, e.g. its tag and step.
  std::string text(unsigned finding, const std::string& of) const;
};

}  // namespace tickertape
