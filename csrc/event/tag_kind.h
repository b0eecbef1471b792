// What a tag holds: TensorBoard shows the values of one plugin for each tag of a run. L2.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "event/op.h"

namespace tickertape {

enum class TagKind : std::uint8_t { kScalars, kHistograms, kImages, kAudio, kPrCurves, kOther };

// For messages.
constexpr const char* name_of(TagKind kind) {
  constexpr std::array<const char*, 6> kNames = {"scalars", "histograms", "images",
                                                 "audio",   "PR curves",  "data of another plugin"};
  return kNames.at(static_cast<std::size_t>(kind));
}

// The kind of what TensorBoard's plugin of this name shows.
constexpr TagKind tag_kind_of_plugin(std::string_view plugin_name) {
  if (plugin_name == "scalars") return TagKind::kScalars;
  if (plugin_name == "histograms") return TagKind::kHistograms;
  if (plugin_name == "images") return TagKind::kImages;
  if (plugin_name == "audio") return TagKind::kAudio;
  if (plugin_name == "pr_curves") return TagKind::kPrCurves;
  return TagKind::kOther;
}

template <typename Body>
constexpr TagKind tag_kind(OpKind kind, const Body& body) {
  if constexpr (std::is_same_v<Body, TensorOp>) {
    return tag_kind_of_plugin(body.plugin_name);
  } else {
    switch (kind) {
      case OpKind::kScalar:
        return TagKind::kScalars;
      case OpKind::kHistogram:
      case OpKind::kHistogramRaw:
      case OpKind::kHistogramCounts:
        return TagKind::kHistograms;
      case OpKind::kImage:
      case OpKind::kEncodedImage:
      case OpKind::kVideo:
        return TagKind::kImages;
      case OpKind::kAudio:
        return TagKind::kAudio;
      case OpKind::kPrCurve:
      case OpKind::kPackedPrCurve:
        return TagKind::kPrCurves;
      default:
        return TagKind::kOther;
    }
  }
}

}  // namespace tickertape
