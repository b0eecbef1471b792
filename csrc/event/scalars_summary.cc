// Many scalars of one step as one Summary; see scalars_summary.h. L2.
#include "event/scalars_summary.h"

#include "event/event_envelope.h"

namespace tickertape {

using namespace event_envelope;
using namespace protobuf;

namespace {

std::size_t value_size(const TaggedScalar& scalar) {
  return text_size(value_field::kTag, scalar.tag) + fixed32_field_size(value_field::kSimpleValue);
}

}  // namespace

std::size_t scalars_summary_size(std::span<const TaggedScalar> scalars) {
  std::size_t size = 0;
  for (const TaggedScalar& scalar : scalars)
    size += length_field_size(summary_field::kValue, value_size(scalar));
  return size;
}

void write_scalars_summary(std::span<const TaggedScalar> scalars, std::uint8_t* to) {
  Writer writer(to);
  for (const TaggedScalar& scalar : scalars) {
    writer.length_field(summary_field::kValue, value_size(scalar));
    put_text(writer, value_field::kTag, scalar.tag);
    writer.float_field(value_field::kSimpleValue, static_cast<float>(scalar.value));
  }
}

}  // namespace tickertape
