// Event bytes in, views out: sub-messages stay bytes until somebody asks. L2.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "protobuf/message.h"

namespace tickertape {

// An Event. Points into the bytes it was decoded from, or into itself if its content came in parts.
struct EventView {
  double wall_time = 0;
  std::int64_t step = 0;
  std::uint32_t what = 0;    // the field (protobuf::event_field) of the oneof that is set; 0: none
  protobuf::Pieces content;  // its bytes
  Bytes source_metadata;     // of the last such field; empty: none
};

// A Summary.Value. Points into the bytes it was decoded from, or into itself if its content came in parts.
struct ValueView {
  std::string_view tag;
  std::uint32_t kind = 0;  // the field (protobuf::value_field) of the oneof that is set; 0: none
  float simple_value = 0;
  protobuf::Pieces content;  // of every other kind
  std::string_view node_name;
  bool has_metadata = false;
  protobuf::Pieces metadata;  // the SummaryMetadata
  std::string_view plugin_name;
  Bytes plugin_content;
};

// decode_event() and decode_value() accept and refuse what protobuf does, and merge fields as it does: the
// last value of a field counts, the parts of a sub-message are joined. decode_event() leaves the values of a
// summary unchecked; decode_value() checks each. Both throw DataError.
EventView decode_event(Bytes bytes);
ValueView decode_value(Bytes bytes);

// The name that a run metadata event (TaggedRunMetadata) has; "" without one.
std::string_view run_metadata_tag(Bytes run_metadata);
// The status of a SessionLog; 1 is START.
std::uint32_t session_status(Bytes session_log);
// The name of the program in a SourceMetadata.
std::string_view source_writer(Bytes source_metadata);

}  // namespace tickertape
