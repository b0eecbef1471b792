// The kinds of series and their names. L4.
#include "reader/kind.h"

#include <array>
#include <utility>

namespace tickertape {
namespace {

constexpr std::array<std::string_view, kKindCount> kKindNames{
    "scalars", "histograms", "images",         "audio",  "text",        "tensors",      "pr_curves",
    "hparams", "meshes",     "custom_scalars", "graphs", "meta_graphs", "run_metadata", "log_messages"};

// tensorboard/plugins/*/metadata.py; torch names the tensors of add_tensor "tensor".
constexpr std::array<std::pair<std::string_view, Kind>, 9> kPlugins{
    {{"scalars", Kind::kScalars},
     {"histograms", Kind::kHistograms},
     {"images", Kind::kImages},
     {"audio", Kind::kAudio},
     {"text", Kind::kText},
     {"pr_curves", Kind::kPrCurves},
     {"hparams", Kind::kHparams},
     {"mesh", Kind::kMeshes},
     {"custom_scalars", Kind::kCustomScalars}}};

}  // namespace

std::string_view kind_name(Kind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

std::optional<Kind> kind_of_name(std::string_view name) {
  for (std::size_t i = 0; i < kKindCount; ++i) {
    if (kKindNames[i] == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

Kind kind_of_plugin(std::string_view plugin) {
  for (const auto& [name, kind] : kPlugins) {
    if (name == plugin) return kind;
  }
  return Kind::kTensors;
}

}  // namespace tickertape
