// Many scalars of one step as one Summary. L2; the caller's thread writes it directly into the ring, because
// copying the tags and values there would cost the same.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tickertape {

struct TaggedScalar {
  std::string_view tag;
  double value;  // stored as float32
};

// The size in bytes of the serialised Summary.
std::size_t scalars_summary_size(std::span<const TaggedScalar> scalars);

// Writes the serialised Summary to `to`, which must have room for scalars_summary_size() bytes.
void write_scalars_summary(std::span<const TaggedScalar> scalars, std::uint8_t* to);

}  // namespace tickertape
