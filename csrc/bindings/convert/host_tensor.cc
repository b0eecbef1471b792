// Recognises torch's tensors by their types and asks torch for their arrays. L5.
#include "bindings/convert/host_tensor.h"

#include <cstring>

#include "bindings/support/entry.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

// torch's own types, once torch is imported; a subclass may have its own dispatch.
bool is_torch_type(PyTypeObject* type) {
  struct Known {
    const char* module;
    const char* name;
    PyTypeObject* type;
  };
  static Known known[] = {{"torch", "Tensor", nullptr}, {"torch.nn.parameter", "Parameter", nullptr}};
  for (Known& candidate : known) {  // guarded by the GIL
    if (candidate.type == type) return true;
    if (candidate.type != nullptr || std::strcmp(type->tp_name, candidate.name) != 0) continue;
    const auto module_name = py::str(candidate.module);
    const auto module = py::reinterpret_steal<py::object>(PyImport_GetModule(module_name.ptr()));
    const py::object found = module ? py::getattr(module, candidate.name, py::none()) : py::none();
    if (found.ptr() != reinterpret_cast<PyObject*>(type)) continue;
    candidate.type = reinterpret_cast<PyTypeObject*>(py::object(found).release().ptr());
    return true;
  }
  return false;
}

// numpy(force=True) also takes tensors that need a gradient, for less than detach() and numpy() take.
PyObject* numpy_of(PyObject* tensor) {
  static PyObject* const method = PyUnicode_InternFromString("numpy");
  static PyObject* const keywords = Py_BuildValue("(s)", "force");
  PyObject* const arguments[] = {tensor, Py_True};
  return PyObject_VectorcallMethod(method, arguments, 1, keywords);
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
  static PyObject* const name = PyUnicode_InternFromString("is_cpu");
  PyObject* answer = PyObject_GetAttr(object, name);
  if (answer == nullptr) PyErr_Clear();
  Py_XDECREF(answer);
  return answer == Py_True;
}

void bind_host_tensors(py::module_& module) {
  static PyMethodDef definition =
      method_of_one_argument<&host_array>("host_array", "host_array($module, value, /)\n--\n\n");
  add_function(module, definition);
}

}  // namespace tickertape::bindings
