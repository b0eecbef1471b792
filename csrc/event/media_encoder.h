// Encodes images, videos and audio as Events. L2, private to event/; the codec pool runs it.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/executor.h"
#include "codec/image/pixels.h"
#include "event/op.h"

namespace tickertape {

// Each function appends the Event of its op to `out`. Wall time, step, `tag` and `executor` are as in
// encode_event(). Throws DataError if the body does not match the op's kind, ArgumentError if it holds values
// that the bindings should have refused. encode_image() and encode_video() return what they changed.
PixelReport encode_image(const OpView& op, std::string_view tag, Buffer& out, Executor* executor);
void encode_encoded_image(const OpView& op, std::string_view tag, Buffer& out);
PixelReport encode_video(const OpView& op, std::string_view tag, Buffer& out);
void encode_audio(const OpView& op, std::string_view tag, Buffer& out);

}  // namespace tickertape
