// Tensors with a plugin's metadata as Events. L2, private to event/.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "event/op.h"

namespace tickertape {

// Appends the Event of `tensor` to `out`; time and step come from `op`. Throws DataError where values and
// type do not fit.
void encode_tensor(const OpView& op, std::string_view tag, const TensorOp& tensor, Buffer& out);

}  // namespace tickertape
