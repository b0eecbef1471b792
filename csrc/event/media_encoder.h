// Images, clips and sounds as Events. L2, private to event/.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/executor.h"
#include "event/op.h"

namespace tickertape {

// Each appends the Event of its op to `out`; tag, time, step and executor as in encode_event(). Throws
// DataError where the body is not what its kind says, ArgumentError where it holds what its binding should
// have refused.
void encode_image(const OpView& op, std::string_view tag, Buffer& out, Executor* executor);
void encode_encoded_image(const OpView& op, std::string_view tag, Buffer& out);
void encode_video(const OpView& op, std::string_view tag, Buffer& out);
void encode_audio(const OpView& op, std::string_view tag, Buffer& out);

}  // namespace tickertape
