// Wraps every function that Python or the core calls, so that no C++ exception leaves it. L5.
#pragma once

#include <pybind11/pybind11.h>

#include <exception>

#include "bindings/support/errors.h"
#include "bindings/support/gil.h"

namespace tickertape::bindings {

template <auto kFunction>
struct Entry;

// `call` is kFunction with its C++ exceptions as Python's. kFunction returns nullptr with a Python error set,
// or throws.
template <typename... Arguments, PyObject* (*kFunction)(Arguments...)>
struct Entry<kFunction> {
  // Without the canary of -fstack-protector: 8 of the 461 instructions of add_scalar. What is inlined here
  // has arrays of fixed size only, one pointer a parameter, whose bounds are checked.
  [[gnu::no_stack_protector]] static PyObject* call(Arguments... arguments) noexcept {
    try {
      return kFunction(arguments...);
    } catch (...) {
      raise_in_python(std::current_exception());
      return nullptr;
    }
  }
};

// A method or function that takes (self, arguments, count, keywords).
template <auto kFunction>
PyMethodDef fast_method(const char* name, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&Entry<kFunction>::call)),
          METH_FASTCALL | METH_KEYWORDS, doc};
}

// A method that takes (self, argument).
template <auto kFunction>
PyMethodDef method_of_one_argument(const char* name, const char* doc) {
  return {name, &Entry<kFunction>::call, METH_O, doc};
}

// A function or method that takes (self or module, nullptr).
template <auto kFunction>
PyMethodDef function_without_arguments(const char* name, const char* doc) {
  return {name, &Entry<kFunction>::call, METH_NOARGS, doc};
}

// pybind11 keeps a pointer to the C++ object in each instance; nullptr before __init__(), then with an error
// set.
template <typename T>
T* value_of(PyObject* self) {
  auto* instance = reinterpret_cast<pybind11::detail::instance*>(self);
  void* value = instance->simple_layout ? instance->simple_value_holder[0]
                                        : instance->get_value_and_holder().value_ptr<void>();
  if (value == nullptr) PyErr_SetString(PyExc_TypeError, "__init__() was not called");
  return static_cast<T*>(value);
}

// Puts `definition` on a class; it must live as long as the class.
inline void add_method(pybind11::handle type, PyMethodDef& definition) {
  PyObject* method = PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &definition);
  if (method == nullptr) throw pybind11::error_already_set();
  type.attr(definition.ml_name) = pybind11::reinterpret_steal<pybind11::object>(method);
}

// Puts `definition` into the module; it must live as long as the module.
inline void add_function(pybind11::module_& module, PyMethodDef& definition) {
  PyObject* function = PyCFunction_NewEx(&definition, module.ptr(), module.attr("__name__").ptr());
  if (function == nullptr) throw pybind11::error_already_set();
  module.attr(definition.ml_name) = pybind11::reinterpret_steal<pybind11::object>(function);
}

// For hooks that the core calls, which has no Python errors: runs `body` and drops what it throws (only lack
// of memory can be the reason). Does not return to a thread that Python ends at its own end.
template <typename Body>
void run_hook(Body body) noexcept {
  try {
    body();
  } catch (const std::exception&) {
    return;
  } catch (...) {  // pthread_exit(), see gil.h
    stop_this_thread();
  }
}

}  // namespace tickertape::bindings
