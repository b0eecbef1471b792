// A tensor of one number. L2; the reader's scalars.
#pragma once

#include "base/bytes.h"

namespace tickertape {

// Reads the number of a TensorProto of one element: of every real type, in its own field or in tensor_content
// (which counts first), with the dtype in any place, as TensorBoard's make_ndarray() reads it. Every
// dimension of its shape must be 1. Returns false if it is another tensor. Numbers of 64 bits are rounded to
// a double. `tensor` must have passed check_message().
bool decode_number(Bytes tensor, double& number);

}  // namespace tickertape
