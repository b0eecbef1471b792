// Tags that break TensorBoard's page (docs/what-tensorboard-shows.md). L2; pure, thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace tickertape {

// What the page does not show of this tag and why, as a warning for the user; empty for nearly every tag.
std::string tag_trouble(std::string_view tag);

}  // namespace tickertape
