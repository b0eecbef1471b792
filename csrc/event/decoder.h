// Event bytes in, views out: nothing is copied, sub-messages stay bytes until somebody asks. L2.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace tickertape {

// An Event. Points into the bytes it was decoded from.
struct EventView {
  double wall_time = 0;
  std::int64_t step = 0;
  std::uint32_t what = 0;  // the field (protobuf::event_field) of the oneof that is set; 0: none
  Bytes content;           // its bytes
};

// A Summary.Value. Points into the bytes it was decoded from.
struct ValueView {
  std::string_view tag;
  std::uint32_t kind = 0;  // the field (protobuf::value_field) of the oneof that is set; 0: none
  float simple_value = 0;
  Bytes content;  // of every other kind
  std::string_view plugin_name;
  Bytes plugin_content;
};

// Throws DataError where the bytes are no Event.
EventView decode_event(Bytes bytes);

// Throws DataError where the bytes are no Summary.Value.
ValueView decode_value(Bytes bytes);

// Finds a scalar, old style or new: simple_value, or a DT_FLOAT or DT_DOUBLE tensor of one element that
// stands in float_val, double_val or tensor_content. False where the value is something else.
bool decode_scalar(const ValueView& value, double& scalar);

}  // namespace tickertape
