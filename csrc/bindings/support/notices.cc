// Python warnings, also for the notices of the core. L5.
#include "bindings/support/notices.h"

#include <iterator>
#include <utility>
#include <vector>

#include "drain/process_backend.h"

namespace py = pybind11;

namespace tickertape::bindings {

namespace {

py::object to_str(const std::string& text) {
  const auto decoded = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
  if (!decoded) throw py::error_already_set();
  return decoded;
}

}  // namespace

void warn(PyObject* category, const std::string& text) {
  const py::object message = to_str(text);
  const auto module = py::reinterpret_steal<py::object>(PyImport_ImportModule("tickertape.convert.notices"));
  if (module) {
    module.attr("warn")(message, py::handle(category));
    return;
  }
  if (PyErr_ExceptionMatches(PyExc_Exception) == 0) throw py::error_already_set();
  PyErr_Clear();  // the interpreter is ending
  if (PyErr_WarnFormat(category, 1, "%U", message.ptr()) != 0) throw py::error_already_set();
}

void warn_once(PyObject* category, const std::string& key, const std::string& text) {
  py::module_::import("tickertape.convert.notices")
      .attr("warn_once")(to_str(key), to_str(text), py::handle(category));
}

namespace {

void raise_all(Notices& left, std::vector<Notice> notices) {
  py::object raised;
  for (auto notice = notices.begin(); notice != notices.end(); ++notice) {
    try {
      warn(PyExc_RuntimeWarning, notice->text);
    } catch (const py::error_already_set& error) {
      if (!error.matches(PyExc_Warning)) {
        left.put_back({std::make_move_iterator(notice), std::make_move_iterator(notices.end())});
        throw;
      }
      if (raised) PyException_SetContext(error.value().ptr(), raised.release().ptr());
      raised = error.value();
    }
  }
  if (!raised) return;
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(raised.ptr())), raised.ptr());
  throw py::error_already_set();
}

}  // namespace

void raise_notices() {
  Backend* backend = ProcessBackend::current();
  if (backend != nullptr && backend->notices().any())
    raise_all(backend->notices(), backend->notices().take());
}

void raise_notices_about(std::uint32_t name) {
  Backend* backend = ProcessBackend::current();
  if (backend != nullptr && backend->notices().any())
    raise_all(backend->notices(), backend->notices().take_about(name));
}

}  // namespace tickertape::bindings
