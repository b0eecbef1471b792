// Returns objects that the backend's threads no longer need to Python. L5.
#include "bindings/writer/in_place.h"

#include <atomic>
#include <utility>

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

struct Kept {
  PyObject* object;
  Kept* next;
};

// A stack without a lock: safe after a fork, and in every thread that drops the last reference.
std::atomic<Kept*> done{nullptr};

// With the GIL, in Python's main thread or in the next call that hands over an array.
int let_go(void* /*nothing*/) {
  Kept* next = nullptr;
  // Acquire pairs with the release in put_on_stack().
  for (Kept* kept = done.exchange(nullptr, std::memory_order_acquire); kept != nullptr; kept = next) {
    next = kept->next;
    Py_DECREF(kept->object);
    delete kept;
  }
  return 0;
}

void put_on_stack(Kept* kept) {
  kept->next = done.load(std::memory_order_relaxed);
  while (
      !done.compare_exchange_weak(kept->next, kept, std::memory_order_release, std::memory_order_relaxed)) {
  }
  // Needs no GIL. If Python's list of pending calls is full, the next put_on_stack() tries again.
  if (Py_IsInitialized() != 0) Py_AddPendingCall(&let_go, nullptr);
}

}  // namespace

std::shared_ptr<const void> keep_for_any_thread(const py::object& object) {
  let_go(nullptr);
  auto kept = std::make_unique<Kept>(Kept{object.ptr(), nullptr});
  Py_INCREF(kept->object);
  return std::shared_ptr<Kept>(kept.release(), &put_on_stack);
}

void bind_in_place(py::module_& module) {
  py::class_<PyInPlace>(module, "InPlace", py::is_final())
      .def(py::init([](py::object owner) { return PyInPlace{std::move(owner)}; }), py::arg("owner"));
}

}  // namespace tickertape::bindings
