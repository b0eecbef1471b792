/* The floor under add_scalar: what any C method costs that takes a tag, a number and a step and reads the clock.
 * Compiled by `tickertape bench` on the machine that it measures; see floor.py. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <time.h>

typedef struct {
  PyObject_HEAD
  /* Stored, so that the compiler cannot leave the reading out. */
  PyObject* tag;
  double value;
  long long step;
  double wall_time;
} Floor;

static PyObject* add_scalar(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  Floor* self = (Floor*)object;
  if (count != 3 || !PyUnicode_Check(arguments[0])) {
    PyErr_SetString(PyExc_TypeError, "add_scalar(tag, value, step)");
    return NULL;
  }
  self->tag = arguments[0]; /* borrowed, never followed */
  self->value = PyFloat_AsDouble(arguments[1]);
  self->step = PyLong_AsLongLong(arguments[2]);
  if (PyErr_Occurred()) return NULL;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  self->wall_time = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
  Py_RETURN_NONE;
}

static PyObject* flush(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  (void)object, (void)arguments, (void)count;
  Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"add_scalar", (PyCFunction)(void (*)(void))add_scalar, METH_FASTCALL, NULL},
    {"flush", (PyCFunction)(void (*)(void))flush, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot slots[] = {{Py_tp_methods, methods}, {0, NULL}};
static PyType_Spec spec = {"_tickertape_floor.Floor", sizeof(Floor), 0, Py_TPFLAGS_DEFAULT, slots};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_tickertape_floor", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__tickertape_floor(void) {
  PyObject* module = PyModule_Create(&definition);
  if (module == NULL) return NULL;
  PyObject* type = PyType_FromSpec(&spec);
  if (type == NULL || PyModule_AddObject(module, "Floor", type) < 0) {
    Py_XDECREF(type);
    Py_DECREF(module);
    return NULL;
  }
  return module;
}
