// The rules for tag, step, wall time and scalar, for methods that are written in Python. L5.
#include "bindings/convert/exposed.h"

#include <string>

#include "bindings/convert/arguments.h"
#include "bindings/convert/dtypes.h"
#include "bindings/convert/mapping.h"
#include "bindings/support/text.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

std::int64_t step(py::handle value, const std::string& name) {
  std::int64_t result = 0;
  if (!to_step(value.ptr(), result, name.c_str())) throw py::error_already_set();
  return result;
}

py::object wall_time(py::handle value, const std::string& name) {
  if (value.is_none()) return py::none();
  double result = 0;
  if (!to_wall_time(value.ptr(), result, name.c_str())) throw py::error_already_set();
  return py::float_(result);
}

double real(py::handle value, const std::string& name) {
  double result = 0;
  if (!to_real(value.ptr(), result, name.c_str())) throw py::error_already_set();
  return result;
}

bool flag(py::handle value, const std::string& name) {
  bool result = false;
  if (!to_flag(value.ptr(), result, name.c_str())) throw py::error_already_set();
  return result;
}

double scalar(py::handle value, const std::string& name) {
  double result = 0;
  if (!to_scalar_waiting(value.ptr(), result, name.c_str())) throw py::error_already_set();
  return result;
}

py::object text(const py::object& value, const std::string& name) {
  to_text(value.ptr(), name.c_str());
  return value;
}

py::tuple dtypes() {
  const auto table = dtype_table();
  py::tuple rows(table.size());
  for (std::size_t i = 0; i < table.size(); ++i)
    rows[i] = py::make_tuple(table[i].name, std::string(table[i].kind == 0 ? 0 : 1, table[i].kind));
  return rows;
}

}  // namespace

void bind_conversions(py::module_& module) {
  module.def("to_step", &step, py::arg("value").none(true), py::arg("name"));
  module.def("to_wall_time", &wall_time, py::arg("value").none(true), py::arg("name"));
  module.def("to_real", &real, py::arg("value").none(true), py::arg("name"));
  module.def("to_flag", &flag, py::arg("value").none(true), py::arg("name"));
  module.def("to_scalar", &scalar, py::arg("value").none(true), py::arg("name"));
  module.def("to_text", &text, py::arg("value").none(true), py::arg("name"));
  module.def(
      "items_of", [](py::handle values, const std::string& name) { return items_of(values.ptr(), name); },
      py::arg("values").none(true), py::arg("name"));
  module.def("text_of", [](py::handle object) { return text_of(object); }, py::arg("value").none(true));
  module.def("repr_of", [](py::handle object) { return repr_of(object); }, py::arg("value").none(true));
  module.def(
      "type_name", [](py::handle object) { return type_name(object.ptr()); }, py::arg("value").none(true));
  module.attr("DTYPES") = dtypes();
}

}  // namespace tickertape::bindings
