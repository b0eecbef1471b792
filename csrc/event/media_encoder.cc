// Encodes images, videos and audio: from the op's body through a codec to Summary.Image or Summary.Audio. L2.
#include "event/media_encoder.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "base/error.h"
#include "codec/audio/wav.h"
#include "codec/gif/clip.h"
#include "codec/gif/gif.h"
#include "codec/image/pixels.h"
#include "codec/image/png.h"
#include "event/event_envelope.h"
#include "event/op_body.h"

namespace tickertape {

using namespace event_envelope;
using namespace protobuf;

namespace {

void encode_image_fields(const OpView& op, std::string_view tag, std::uint64_t height, std::uint64_t width,
                         std::uint64_t channels, Bytes encoded, Buffer& out) {
  using namespace image_field;
  const std::size_t image = number_size(kHeight, height) + number_size(kWidth, width) +
                            number_size(kColorspace, channels) +
                            text_size(kEncodedImageString, as_text(encoded));
  append_value_event(op, tag, length_field_size(value_field::kImage, image), out, [&](Writer& writer) {
    writer.length_field(value_field::kImage, image);
    put_number(writer, kHeight, height);
    put_number(writer, kWidth, width);
    put_number(writer, kColorspace, channels);
    put_text(writer, kEncodedImageString, as_text(encoded));
  });
}

}  // namespace

PixelReport encode_image(const OpView& op, std::string_view tag, Buffer& out, Executor* executor) {
  const auto body = read_body<ImageOp>(op);
  std::array<std::size_t, 4> shape{};
  if (body.shape.size() > shape.size()) throw DataError(0, "too many axes in op body");
  // The body may be damaged, so check that the shape fits the number of elements.
  std::size_t left = body.pixels.view.size;
  for (std::size_t axis = 0; axis < body.shape.size(); ++axis) {
    shape[axis] = body.shape[axis];
    if (shape[axis] == 0 || left % shape[axis] != 0) throw DataError(0, "image of another size in op body");
    left /= shape[axis];
  }
  if (left != 1) throw DataError(0, "image of another size in op body");
  const ImageArray images = image_array(body.pixels.view.data, body.pixels.view.dtype, shape.data(),
                                        body.shape.size(), body.dataformats);
  const bool grid = body.dataformats.find_first_of("nN") != std::string_view::npos;
  Buffer converted;
  PixelReport report;
  std::optional<PixelView> pixels = pixels_in_place(images, grid);
  if (!pixels) {
    const PixelSize size = to_pixels(images, grid, converted, &report);
    const std::size_t stride = std::size_t{size.width} * size.channels;
    pixels = PixelView{converted.data(), size.width, size.height, size.channels, stride};
  }
  Buffer png;
  encode_png(*pixels, png, executor);
  encode_image_fields(op, tag, pixels->height, pixels->width, pixels->channels, png.bytes(), out);
  return report;
}

void encode_encoded_image(const OpView& op, std::string_view tag, Buffer& out) {
  const auto body = read_body<EncodedImageOp>(op);
  encode_image_fields(op, tag, body.height, body.width, body.channels, body.encoded, out);
}

PixelReport encode_video(const OpView& op, std::string_view tag, Buffer& out) {
  const auto body = read_body<VideoOp>(op);
  ClipShape shape{};
  if (body.shape.size() != shape.size()) throw DataError(0, "a video has 5 axes in op body");
  std::copy(body.shape.begin(), body.shape.end(), shape.begin());
  Buffer pixels;
  PixelReport report;
  const ClipGrid grid = to_frames(body.clips.view, shape, pixels, &report);
  const std::size_t stride = std::size_t{grid.width} * 3;
  std::vector<PixelView> frames;
  for (std::size_t at = 0; at < pixels.size(); at += stride * grid.height) {
    frames.push_back({pixels.data() + at, grid.width, grid.height, 3, stride});
  }
  Buffer gif;
  encode_gif(frames, body.fps, gif);
  encode_image_fields(op, tag, grid.height, grid.width, shape[2], gif.bytes(), out);
  return report;
}

void encode_audio(const OpView& op, std::string_view tag, Buffer& out) {
  using namespace audio_field;
  static constexpr std::string_view kWav = "audio/wav";
  const auto body = read_body<AudioOp>(op);
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  if (body.channels > kMax || body.sample_rate > kMax) throw DataError(0, "audio format in op body");
  const auto channels = static_cast<std::uint32_t>(body.channels);
  const auto sample_rate = static_cast<std::uint32_t>(body.sample_rate);
  Buffer wav;
  encode_wav(body.samples.view, channels, sample_rate, wav);
  const std::uint64_t frames = body.samples.view.size / channels;
  const std::size_t audio = fixed32_field_size(kSampleRate) + number_size(kNumChannels, channels) +
                            number_size(kLengthFrames, frames) +
                            text_size(kEncodedAudioString, as_text(wav.bytes())) +
                            text_size(kContentType, kWav);
  append_value_event(op, tag, length_field_size(value_field::kAudio, audio), out, [&](Writer& writer) {
    writer.length_field(value_field::kAudio, audio);
    writer.float_field(kSampleRate, static_cast<float>(sample_rate));
    put_number(writer, kNumChannels, channels);
    put_number(writer, kLengthFrames, frames);
    put_text(writer, kEncodedAudioString, as_text(wav.bytes()));
    put_text(writer, kContentType, kWav);
  });
}

}  // namespace tickertape
