// The kinds of series that a reader tells apart. L4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tickertape {

enum class Kind : std::uint8_t {
  kScalars,
  kHistograms,
  kImages,
  kAudio,
  kText,
  kTensors,
  kPrCurves,
  kHparams,
  kMeshes,
  kCustomScalars,
  kGraphs,
  kMetaGraphs,
  kRunMetadata,
  kLogMessages,
};
inline constexpr std::size_t kKindCount = 14;

// "scalars", "histograms", ...: as Python names them.
std::string_view kind_name(Kind kind);
std::optional<Kind> kind_of_name(std::string_view name);

// What a tensor of the plugin is; kTensors if the plugin is unknown, or "". Of the "scalars" plugin a tensor
// is a scalar only if it is one number.
Kind kind_of_plugin(std::string_view plugin);

// A set of kinds.
class KindSet {
 public:
  static KindSet all() { return KindSet((1U << kKindCount) - 1); }
  static KindSet none() { return KindSet(0); }
  void add(Kind kind) { bits_ |= 1U << static_cast<unsigned>(kind); }
  bool has(Kind kind) const { return (bits_ >> static_cast<unsigned>(kind) & 1) != 0; }

 private:
  explicit KindSet(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_;
};

}  // namespace tickertape
