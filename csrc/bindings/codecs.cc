// The codecs as functions, for tests, tools and features that use them directly. L5.
#include "bindings/codecs.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cpu.h"
#include "bindings/convert/arguments.h"
#include "bindings/support/errors.h"
#include "bindings/support/gil.h"
#include "bindings/support/notices.h"
#include "bindings/support/text.h"
#include "checksum/masked_crc.h"
#include "codec/audio/wav.h"
#include "codec/gif/gif.h"
#include "codec/histogram/histogram.h"
#include "codec/image/grid.h"
#include "codec/image/integer_pixels.h"
#include "codec/image/pixels.h"
#include "codec/image/png.h"
#include "codec/pr_curve/pr_curve.h"
#include "event/encode_report.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// Keeps the array that the view points into.
struct Elements {
  py::array array;
  ArrayView view;
};

Elements elements_of(const py::array& array, const std::optional<std::string>& dtype, const char* argument) {
  Elements elements{in_one_piece(array), {}};
  const ArraySource source =
      dtype ? to_source(elements.array, to_dtype(*dtype), argument) : to_source(elements.array, argument);
  elements.view = {source.data, source.size(), source.dtype};
  return elements;
}

py::array_t<double> to_array(const std::vector<double>& values) {
  return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::tuple histogram(const py::array& values, const std::string& dtype, const py::object& bins,
                    std::optional<std::uint64_t> max_bins) {
  const Elements elements = elements_of(values, dtype, "values");
  Doubles edges;
  std::uint64_t bin_count = 0;
  if (py::isinstance<py::int_>(bins)) {
    bin_count = to_count(bins, "bins");
  } else if (!bins.is_none()) {
    edges = to_double_array(bins, "bins");
  }
  Histogram h;
  {
    const GilRelease release;  // the arrays are kept by `elements` and `edges`
    if (bin_count != 0) {
      h = uniform_histogram(elements.view, bin_count, max_bins);
    } else if (edges.size() != 0) {
      h = histogram_between(elements.view, to_doubles(edges), max_bins);
    } else {
      h = tensorflow_histogram(elements.view, max_bins);
    }
  }
  return py::make_tuple(h.min, h.max, h.num, h.sum, h.sum_squares, to_array(h.bucket_limits),
                        to_array(h.bucket_counts), h.nan_count, h.infinite_count);
}

py::array_t<double> curve(const py::array& labels, const py::array& predictions, std::uint32_t num_thresholds,
                          const std::optional<py::array>& weights) {
  const Elements label = elements_of(labels, std::nullopt, "labels");
  const Elements prediction = elements_of(predictions, std::nullopt, "predictions");
  const Elements weight = weights ? elements_of(*weights, std::nullopt, "weights") : Elements{};
  std::vector<double> rows;
  {
    const GilRelease release;  // the arrays are kept by the three above
    rows = pr_curve(label.view, prediction.view, weight.view, num_thresholds);
  }
  return to_array(rows).reshape({py::ssize_t{6}, static_cast<py::ssize_t>(num_thresholds)});
}

ImageArray images_of(const Elements& elements, const std::string& dataformats) {
  const std::vector<std::size_t> shape(elements.array.shape(),
                                       elements.array.shape() + elements.array.ndim());
  return image_array(elements.view.data, elements.view.dtype, shape.data(), shape.size(), dataformats);
}

// An array that owns what `buffer` held.
py::array_t<std::uint8_t> to_array(Buffer buffer, std::vector<py::ssize_t> shape) {
  auto owned = std::make_unique<Buffer>(std::move(buffer));
  const py::capsule owner(owned.get(), [](void* held) { delete static_cast<Buffer*>(held); });
  return py::array_t<std::uint8_t>(std::move(shape), owned.release()->data(), owner);
}

py::array_t<std::uint8_t> integers_to_bytes_of(const py::array& pixels, const std::string& name) {
  const Elements elements = elements_of(pixels, std::nullopt, name.c_str());
  Buffer out;
  {
    const GilRelease release;  // the array is kept by `elements`, `out` is ours alone
    integers_to_bytes(elements.view, name, out.extend(elements.view.size));
  }
  return to_array(std::move(out), {pixels.shape(), pixels.shape() + pixels.ndim()});
}

void warn_of_pixels(const PixelReport& pixels, const std::string& picture) {
  const EncodeReport report{0, 0, pixels};
  for (const unsigned finding : {EncodeReport::kNanPixels, EncodeReport::kBrightPixels}) {
    if ((report.findings() & finding) == 0) continue;
    const std::string key = "pixels of " + picture + ", " + std::to_string(finding);
    warn_once(PyExc_RuntimeWarning, key, report.text(finding, "'" + picture + "'"));
  }
}

py::array_t<std::uint8_t> make_pixels(const py::array& pixels, const std::string& dtype,
                                      const std::string& dataformats, const std::string& picture) {
  const Elements elements = elements_of(pixels, dtype, "pixels");
  const ImageArray images = images_of(elements, dataformats);
  const bool grid = dataformats.find_first_of("nN") != std::string::npos;
  Buffer out;
  PixelSize size{};
  PixelReport report;
  {
    const GilRelease release;  // the array is kept by `elements`, `out` is ours alone
    size = to_pixels(images, grid, out, &report);
  }
  if (!picture.empty()) warn_of_pixels(report, picture);
  return to_array(std::move(out), {size.height, size.width, size.channels});
}

// `filling` is one element of what the grid has.
py::array make_grid(const py::array& images, const std::string& dtype, std::size_t columns,
                    std::size_t padding, const py::array& filling) {
  const ArraySource source = to_source(images, to_dtype(dtype), "images");
  const GridLayout layout{columns, padding};
  py::array grid(images.dtype(), grid_shape(source, layout));
  if (filling.size() != 1 || filling.itemsize() != images.itemsize())
    throw UnsupportedValue(expected("filling", "one element of the images' type", "another array"));
  void* const to = grid.mutable_data();
  const void* const fill = filling.data();
  std::optional<GilRelease> release;  // the caller keeps the arguments, nobody else knows `grid`
  if (static_cast<std::size_t>(grid.nbytes()) >= kWorthReleasingGil) release.emplace();
  lay_grid(source, layout, fill, to);
  release.reset();
  return grid;
}

py::array make_scaled_grid(const py::array& images, const std::string& dtype, std::size_t columns,
                           std::size_t padding, double filling,
                           const std::optional<std::pair<double, double>>& value_range, bool each) {
  const ArraySource source = to_source(images, to_dtype(dtype), "images");
  const GridLayout layout{columns, padding};
  const bool is_double = source.dtype == DType::kFloat64;
  py::array grid(is_double ? py::dtype::of<double>() : py::dtype::of<float>(), grid_shape(source, layout));
  void* const to = grid.mutable_data();
  std::optional<GilRelease> release;  // the caller keeps `images`, nobody else knows `grid`
  if (static_cast<std::size_t>(grid.nbytes()) >= kWorthReleasingGil) release.emplace();
  lay_scaled_grid(source, layout, {value_range, each}, filling, to);
  release.reset();
  return grid;
}

py::bytes to_bytes(const Buffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.data()), buffer.size()};
}

py::bytes png(const py::array_t<std::uint8_t, py::array::c_style>& pixels) {
  if (pixels.ndim() != 2 && pixels.ndim() != 3)
    throw UnsupportedValue(expected("pixels", "2 or 3 axes (HW or HWC)", std::to_string(pixels.ndim())));
  const auto extent = [&](py::ssize_t axis) { return static_cast<std::uint32_t>(pixels.shape(axis)); };
  const std::uint32_t channels = pixels.ndim() == 3 ? extent(2) : 1;
  if (channels < 1 || channels > 4)
    throw UnsupportedValue(expected("pixels", "1 to 4 channels", std::to_string(channels)));
  Buffer out;
  {
    const GilRelease release;  // `pixels` is kept by the caller
    encode_png({pixels.data(), extent(1), extent(0), channels, std::size_t{extent(1)} * channels}, out);
  }
  return to_bytes(out);
}

py::bytes gif(const py::array_t<std::uint8_t, py::array::c_style>& frames, double fps) {
  if (frames.ndim() != 4)
    throw UnsupportedValue(expected("frames", "4 axes (THWC)", std::to_string(frames.ndim())));
  const auto extent = [&](py::ssize_t axis) { return static_cast<std::uint32_t>(frames.shape(axis)); };
  const std::size_t stride = std::size_t{extent(2)} * extent(3);
  std::vector<PixelView> views;
  views.reserve(extent(0));
  for (std::uint32_t t = 0; t < extent(0); ++t) {
    views.push_back({frames.data() + t * stride * extent(1), extent(2), extent(1), extent(3), stride});
  }
  Buffer out;
  {
    const GilRelease release;  // `frames` is kept by the caller
    encode_gif(views, fps, out);
  }
  return to_bytes(out);
}

py::bytes wav(const py::array& samples, const std::string& dtype, std::uint32_t sample_rate) {
  const Elements elements = elements_of(samples, dtype, "samples");
  if (samples.ndim() != 2)
    throw UnsupportedValue(expected("samples", "2 axes (frames, channels)", std::to_string(samples.ndim())));
  const auto channels = static_cast<std::uint32_t>(samples.shape(1));
  Buffer out;
  {
    const GilRelease release;  // the array is kept by `elements`
    encode_wav(elements.view, channels, sample_rate, out);
  }
  return to_bytes(out);
}

// bytes never change and are kept by the caller, so that `sum` may read large ones without the GIL.
template <typename Sum>
auto checksum(const py::bytes& data, Sum sum) {
  const Bytes bytes = as_bytes(std::string_view(data));
  std::optional<GilRelease> release;
  if (bytes.size() >= kWorthReleasingGil) release.emplace();
  return sum(bytes);
}

}  // namespace

void bind_codecs(py::module_& module) {
  module.def(
      "crc32c",
      [](const py::bytes& data, std::uint32_t crc) {
        return checksum(data, [crc](Bytes bytes) { return crc32c(crc, bytes); });
      },
      py::arg("data"), py::arg("crc") = 0);
  module.def(
      "masked_crc32c",
      [](const py::bytes& data) {
        return checksum(data, [](Bytes bytes) { return MaskedCrc::of(bytes).bits(); });
      },
      py::arg("data"));
  module.def("histogram", &histogram, py::arg("values"), py::arg("dtype"), py::arg("bins").none(true),
             py::arg("max_bins").none(true));
  module.def("pr_curve", &curve, py::arg("labels"), py::arg("predictions"), py::arg("num_thresholds"),
             py::arg("weights").none(true));
  module.def("encode_png", &png, py::arg("pixels"));
  module.def("encode_gif", &gif, py::arg("frames"), py::arg("fps"));
  module.def("encode_wav", &wav, py::arg("samples"), py::arg("dtype"), py::arg("sample_rate"));
  module.def("make_grid", &make_grid, py::arg("images"), py::arg("dtype"), py::arg("columns"),
             py::arg("padding"), py::arg("filling"));
  module.def("make_scaled_grid", &make_scaled_grid, py::arg("images"), py::arg("dtype"), py::arg("columns"),
             py::arg("padding"), py::arg("filling"), py::arg("value_range").none(true), py::arg("each"));
  module.def("make_pixels", &make_pixels, py::arg("pixels"), py::arg("dtype"), py::arg("dataformats"),
             py::arg("picture") = "");
  module.def("integers_to_bytes", &integers_to_bytes_of, py::arg("pixels"), py::arg("name"));
  module.def(
      "disable_cpu_features",
      [](const std::string& names) { disable_cpu_features(parse_cpu_features(names)); }, py::arg("names"));
}

}  // namespace tickertape::bindings
