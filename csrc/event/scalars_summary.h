// Many scalars of one step as one Summary: written by the caller itself, straight into the ring, because
// copying tags and values there would cost the same. L2.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tickertape {

struct TaggedScalar {
  std::string_view tag;
  double value;  // stored as float32
};

// Bytes of the serialised Summary of `scalars`.
std::size_t scalars_summary_size(std::span<const TaggedScalar> scalars);

// Writes it to `to`, which has room for them.
void write_scalars_summary(std::span<const TaggedScalar> scalars, std::uint8_t* to);

}  // namespace tickertape
