// extremes() and scalars_response() for Python. L5.
#include "bindings/serving.h"

#include <pybind11/numpy.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bindings/convert/arguments.h"
#include "bindings/support/errors.h"
#include "bindings/support/gil.h"
#include "bindings/support/text.h"
#include "reader/extremes.h"
#include "reader/scalars_response.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

template <typename T>
using Contiguous = py::array_t<T, py::array::c_style | py::array::forcecast>;

py::array_t<py::ssize_t> extremes_of(const Doubles& values, std::size_t points) {
  if (values.ndim() != 1)
    throw ArgumentError(expected("values", "one dimension", std::to_string(values.ndim()) + " dimensions"));
  std::vector<std::size_t> numbers;
  {
    const GilRelease release;  // the array is held by the caller
    numbers = extremes(to_doubles(values), points);
  }
  py::array_t<py::ssize_t> rows(static_cast<py::ssize_t>(numbers.size()));
  auto to = rows.mutable_unchecked<1>();
  for (std::size_t i = 0; i < numbers.size(); ++i)
    to(static_cast<py::ssize_t>(i)) = static_cast<py::ssize_t>(numbers[i]);
  return rows;
}

// A column, which `kept` keeps alive.
template <typename T>
std::span<const T> column_span(const py::handle& object, py::list& kept) {
  const auto array = Contiguous<T>::ensure(object);
  if (!array) throw py::error_already_set();
  if (array.ndim() != 1)
    throw ArgumentError(
        expected("runs", "columns of one dimension", std::to_string(array.ndim()) + " dimensions"));
  kept.append(array);
  return {array.data(), static_cast<std::size_t>(array.size())};
}

ScalarColumns to_columns(const py::handle& entry, py::list& kept) {
  constexpr const char* kForm = "(tag, step, wall_time, value) of each tag";
  const py::list parts = elements(py::reinterpret_borrow<py::object>(entry), "runs", kForm);
  if (parts.size() != 4)
    throw ArgumentError(expected("runs", kForm, std::to_string(parts.size()) + " elements"));
  ScalarColumns columns{
      std::string(to_tag(py::object(parts[0]).ptr())), column_span<std::int64_t>(py::object(parts[1]), kept),
      column_span<double>(py::object(parts[2]), kept), column_span<double>(py::object(parts[3]), kept)};
  if (columns.step.size() != columns.value.size() || columns.wall_time.size() != columns.value.size())
    throw ArgumentError(expected("runs", "columns of one length",
                                 std::to_string(columns.step.size()) + ", " +
                                     std::to_string(columns.wall_time.size()) + " and " +
                                     std::to_string(columns.value.size())));
  return columns;
}

py::bytes response_of(const py::object& runs, std::size_t points) {
  constexpr const char* kForm = "(name, tags) of each run";
  py::list kept;
  std::vector<ScalarRun> all;
  for (const py::handle run : elements(runs, "runs", kForm)) {
    const py::list parts = elements(py::reinterpret_borrow<py::object>(run), "runs", kForm);
    if (parts.size() != 2)
      throw ArgumentError(expected("runs", kForm, std::to_string(parts.size()) + " elements"));
    ScalarRun& added = all.emplace_back();
    added.name = to_text(py::object(parts[0]).ptr(), "runs");
    for (const py::handle entry : elements(py::object(parts[1]), "runs", "tags"))
      added.tags.push_back(to_columns(entry, kept));
  }
  Buffer message;
  {
    const GilRelease release;  // `kept` holds the columns
    message = scalars_response(all, points);
  }
  return {reinterpret_cast<const char*>(message.data()), message.size()};
}

}  // namespace

void bind_serving(py::module_& module) {
  module.def("extremes", &extremes_of, py::arg("values"), py::arg("points"));
  module.def("scalars_response", &response_of, py::arg("runs"), py::arg("points"));
}

}  // namespace tickertape::bindings
