// Sentences about what encoding changed. L2.
#include "event/encode_report.h"

#include <cstdio>

namespace tickertape {

std::string EncodeReport::text(unsigned finding, const std::string& of) const {
  static constexpr const char* kOnce = " (said once for this tag)";
  if (finding == kNonFinite) {
    return "histogram " + of + ": left out " + std::to_string(nan_count) + " NaN and " +
           std::to_string(infinite_count) + " infinite values" + kOnce;
  }
  if (finding == kNanPixels)
    return "pixels of " + of + ": expected numbers, got NaN, which is shown as black" + kOnce;
  char greatest[32];
  std::snprintf(greatest, sizeof greatest, "%g", static_cast<double>(pixels.greatest));
  return "pixels of " + of + ": expected floats from 0 to 1, got up to " + greatest +
         ", which is shown as 1; divide them by their maximum, or pass uint8 for 0 to 255" + kOnce;
}

}  // namespace tickertape
