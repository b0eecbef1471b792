// Recognises torch's tensors by their types and asks torch for their arrays. L5.
#include "bindings/convert/host_tensor.h"

#include <cstring>

#include "bindings/support/entry.h"
#include "bindings/support/shared.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// Made when the module is, and kept for ever.
PyObject* numpy_name = nullptr;
PyObject* force_keyword = nullptr;
PyObject* is_cpu_name = nullptr;

// torch's own types, once torch is imported; a subclass may have its own dispatch.
bool is_torch_type(PyTypeObject* type) {
  struct Known {
    const char* module;
    const char* name;
    Shared<PyTypeObject*> type;
  };
  static Known known[] = {{"torch", "Tensor", {}}, {"torch.nn.parameter", "Parameter", {}}};
  for (Known& candidate : known) {
    PyTypeObject* const is_known = candidate.type.load();
    if (is_known == type) return true;
    if (is_known != nullptr || std::strcmp(type->tp_name, candidate.name) != 0) continue;
    const auto module_name = py::str(candidate.module);
    const auto module = py::reinterpret_steal<py::object>(PyImport_GetModule(module_name.ptr()));
    const py::object found = module ? py::getattr(module, candidate.name, py::none()) : py::none();
    if (found.ptr() != reinterpret_cast<PyObject*>(type)) continue;
    candidate.type.store(reinterpret_cast<PyTypeObject*>(py::object(found).release().ptr()));
    return true;
  }
  return false;
}

// numpy(force=True) also takes tensors that need a gradient, for less than detach() and numpy() take.
PyObject* numpy_of(PyObject* tensor) {
  PyObject* const arguments[] = {tensor, Py_True};
  return PyObject_VectorcallMethod(numpy_name, arguments, 1, force_keyword);
}

PyObject* host_array(PyObject* /*module*/, PyObject* object) {
  if (is_host_tensor(object)) {
    if (PyObject* array = numpy_of(object); array != nullptr) return array;
    // bfloat16, sparse, more than 64 dimensions, ...: what torch and NumPy raise for a tensor that has no
    // array.
    const bool has_none = PyErr_ExceptionMatches(PyExc_TypeError) != 0 ||
                          PyErr_ExceptionMatches(PyExc_RuntimeError) != 0 ||
                          PyErr_ExceptionMatches(PyExc_ValueError) != 0;
    if (!has_none) return nullptr;
    PyErr_Clear();
  }
  return Py_NewRef(object);
}

}  // namespace

bool is_host_tensor(PyObject* object) {
  if (!is_torch_type(Py_TYPE(object))) return false;
  PyObject* answer = PyObject_GetAttr(object, is_cpu_name);
  if (answer == nullptr) PyErr_Clear();
  Py_XDECREF(answer);
  return answer == Py_True;
}

void bind_host_tensors(py::module_& module) {
  numpy_name = PyUnicode_InternFromString("numpy");
  force_keyword = Py_BuildValue("(s)", "force");
  is_cpu_name = PyUnicode_InternFromString("is_cpu");
  static PyMethodDef definition =
      method_of_one_argument<&host_array>("host_array", "host_array($module, value, /)\n--\n\n");
  add_function(module, definition);
}

}  // namespace tickertape::bindings
