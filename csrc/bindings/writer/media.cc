// EventFileWriter's images, clips and sounds for Python. L5.
#include <pybind11/numpy.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "bindings/convert/arguments.h"
#include "bindings/support/errors.h"
#include "bindings/support/text.h"
#include "bindings/writer/devices.h"
#include "bindings/writer/push.h"
#include "bindings/writer/py_writer.h"
#include "bindings/writer/writer.h"
#include "codec/audio/wav.h"
#include "codec/gif/clip.h"
#include "codec/image/pixels.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

std::vector<std::uint64_t> shape_of(const py::array& array) {
  return {array.shape(), array.shape() + array.ndim()};
}

// Chromium's decoders refuse larger pictures (PNGImageReader; ImageDecoder::SizeCalculationMayOverflow).
// Tried with Chromium 156.
constexpr std::uint64_t kMostShownSide = 1'000'000;
constexpr std::uint64_t kMostShownPixels = (1U << 29) - 1;

void warn_if_not_shown(py::handle tag, const char* argument, std::uint64_t width, std::uint64_t height) {
  if (std::max(width, height) <= kMostShownSide && width * height <= kMostShownPixels) [[likely]]
    return;
  const std::string text =
      expected(argument,
               "a picture of at most " + std::to_string(kMostShownSide) + " pixels a side and " +
                   std::to_string(kMostShownPixels) + " in all",
               std::to_string(width) + " x " + std::to_string(height) + ", which browsers do not show");
  py::module_::import("tickertape.convert.notices").attr("warn_once_a_tag")("size of picture", tag, text);
}

void add_image(PyWriter& self, py::handle tag, const py::array& pixels, const std::string& dtype,
               const std::string& dataformats, py::handle step, py::handle walltime, py::handle source) {
  const std::vector<std::uint64_t> shape = shape_of(pixels);
  ImageOp op;
  op.dataformats = dataformats;
  op.shape = shape;
  op.pixels.source = to_source(pixels, to_dtype(dtype), "img_tensor");
  const bool grid = dataformats.find_first_of("nN") != std::string::npos;
  const std::vector<std::size_t> sizes(shape.begin(), shape.end());
  const PixelSize size =
      pixel_size(image_array(nullptr, op.pixels.source.dtype, sizes.data(), sizes.size(), dataformats), grid);
  if (size.width == 0 || size.height == 0) throw UnsupportedValue(expected("img_tensor", "pixels", "none"));
  warn_if_not_shown(tag, "img_tensor", size.width, size.height);
  add_now_or_deferred(self, OpKind::kImage, tag, op, to_when(step, walltime), source);
}

void add_encoded_image(PyWriter& self, py::handle tag, const py::bytes& encoded, std::uint64_t height,
                       std::uint64_t width, std::uint64_t channels, py::handle step, py::handle walltime) {
  const EncodedImageOp op{height, width, channels, as_bytes(std::string_view(encoded))};
  warn_if_not_shown(tag, "img_tensor", width, height);
  add(self, OpKind::kEncodedImage, tag, op, to_when(step, walltime));
}

void add_video(PyWriter& self, py::handle tag, const py::array& clips, const std::string& dtype, double fps,
               py::handle step, py::handle walltime, py::handle source) {
  const std::vector<std::uint64_t> shape = shape_of(clips);
  ClipShape axes{};
  if (shape.size() != axes.size())
    throw UnsupportedValue(expected("vid_tensor", "5 axes (NTCHW)", std::to_string(shape.size())));
  std::copy(shape.begin(), shape.end(), axes.begin());
  const ClipGrid frame = clip_grid(axes);  // throws if they cannot be frames
  if (!(fps > 0) || std::isinf(fps))
    throw UnsupportedValue(expected("fps", "a positive number", text_of(py::float_(fps))));
  VideoOp op;
  op.fps = fps;
  op.shape = shape;
  op.clips.source = to_source(clips, to_dtype(dtype), "vid_tensor");
  warn_if_not_shown(tag, "vid_tensor", frame.width, frame.height);
  add_now_or_deferred(self, OpKind::kVideo, tag, op, to_when(step, walltime), source);
}

void add_audio(PyWriter& self, py::handle tag, const py::array& samples, const std::string& dtype,
               std::uint32_t sample_rate, py::handle step, py::handle walltime, py::handle source) {
  if (samples.ndim() != 2 || samples.shape(1) > 2) {
    throw UnsupportedValue(expected("snd_tensor", "[frames, channels] with 1 or 2 channels",
                                    "shape " + text_of(py::tuple(py::object(samples.attr("shape"))))));
  }
  const auto channels = static_cast<std::uint32_t>(samples.shape(1));
  AudioOp op;
  op.channels = channels;
  op.sample_rate = sample_rate;
  op.samples.source = to_source(samples, to_dtype(dtype), "snd_tensor");
  check_wav(op.samples.source.size(), channels, sample_rate);
  const bool is_here = source.is_none() || py::isinstance<PyInPlace>(source);
  if (is_here && !is_sound_type(op.samples.source.dtype)) {
    const py::array contiguous = in_one_piece(samples);
    check_samples({contiguous.data(), op.samples.source.size(), op.samples.source.dtype});
  }
  add_now_or_deferred(self, OpKind::kAudio, tag, op, to_when(step, walltime), source);
}

}  // namespace

void bind_media(py::class_<PyWriter>& writer) {
  writer
      .def("add_image", &add_image, py::arg("tag"), py::arg("pixels"), py::arg("dtype"),
           py::arg("dataformats"), py::arg("global_step"), py::arg("walltime"),
           py::arg("source") = py::none())
      .def("add_encoded_image", &add_encoded_image, py::arg("tag"), py::arg("encoded"), py::arg("height"),
           py::arg("width"), py::arg("channels"), py::arg("global_step"), py::arg("walltime"))
      .def("add_video", &add_video, py::arg("tag"), py::arg("clips"), py::arg("dtype"), py::arg("fps"),
           py::arg("global_step"), py::arg("walltime"), py::arg("source") = py::none())
      .def("add_audio", &add_audio, py::arg("tag"), py::arg("samples"), py::arg("dtype"),
           py::arg("sample_rate"), py::arg("global_step"), py::arg("walltime"),
           py::arg("source") = py::none());
}

}  // namespace tickertape::bindings
