// Encodes tensor ops, with plugin metadata, as Events. L2, private to event/.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "event/op.h"

namespace tickertape {

// Appends the Event of `tensor` to `out`, with the wall time and step of `op`. Throws DataError if the values
// do not fit the type.
void encode_tensor(const OpView& op, std::string_view tag, const TensorOp& tensor, Buffer& out);

}  // namespace tickertape
