// What threads share in the bindings. With the GIL, which orders them, nothing here costs an instruction;
// without it (Py_GIL_DISABLED) these are locks and atomics. L5. docs/architecture.md lists what uses which.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <utility>

#include "bindings/support/replaceable.h"
#ifdef Py_GIL_DISABLED
#include "queue/spin_lock.h"
#endif

namespace tickertape::bindings {

#ifdef Py_GIL_DISABLED

// Held for a few loads and stores. Nothing that is done with it may call Python, other than to add a
// reference: Python stops all threads before it forks or collects garbage, and waits for one that spins here.
using Mutex = SpinLock;

// A value that is read without a lock. A load sees what was stored before the value.
template <typename T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(T value) : value_(value) {}
  T load() const { return value_.load(std::memory_order_acquire); }
  void store(T value) { value_.store(value, std::memory_order_release); }
  T exchange(T value) { return value_.exchange(value, std::memory_order_acq_rel); }
  void add(T value) { value_.fetch_add(value, std::memory_order_acq_rel); }

 private:
  std::atomic<T> value_{};
};

// Python's own lock of an object, which Python may give back while its code runs, like the GIL.
class ObjectLock {
 public:
  explicit ObjectLock(PyObject* object) { PyCriticalSection_Begin(&section_, object); }
  ~ObjectLock() { PyCriticalSection_End(&section_); }
  ObjectLock(const ObjectLock&) = delete;
  ObjectLock& operator=(const ObjectLock&) = delete;

 private:
  PyCriticalSection section_{};
};

#else

class Mutex {
 public:
  void lock() {}
  void unlock() {}
};

template <typename T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(T value) : value_(value) {}
  T load() const { return value_; }
  void store(T value) { value_ = value; }
  T exchange(T value) { return std::exchange(value_, value); }
  void add(T value) { value_ += value; }

 private:
  T value_{};
};

class ObjectLock {
 public:
  explicit ObjectLock(PyObject* /*object*/) {}
  ~ObjectLock() {}  // NOLINT(modernize-use-equals-default): otherwise objects of it count as unused
  ObjectLock(const ObjectLock&) = delete;
  ObjectLock& operator=(const ObjectLock&) = delete;
};

#endif

// A Python object that may be replaced while another thread uses the old one; a null object if there is none.
using SharedObject = Replaceable<pybind11::object, Mutex>;

}  // namespace tickertape::bindings
