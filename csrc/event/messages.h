// The messages that an event file may hold, as schemas. L2.
#pragma once

#include <span>

#include "protobuf/schema.h"

namespace tickertape::messages {

// From tensorboard/compat/proto/. Two names differ in Python: protobuf calls Value "Summary.Value", and so
// on.
extern const protobuf::MessageSchema kEvent;
extern const protobuf::MessageSchema kSummary;
extern const protobuf::MessageSchema kValue;
extern const protobuf::MessageSchema kSummaryMetadata;
extern const protobuf::MessageSchema kTensorProto;

// Every message; the index of each is its `id`.
std::span<const protobuf::MessageSchema* const> all();

}  // namespace tickertape::messages
