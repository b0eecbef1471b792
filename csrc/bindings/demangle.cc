// A __cxa_demangle() that knows nothing, for builds that have the C++ library inside (TICKERTAPE_STATIC_RUNTIME). L5.
//
// The real one is 5 % of a wheel. libc++ uses it only to print an exception that ends the process. pybind11 uses it for names
// in its messages, and falls back to the mangled name; our bindings register every type, whose name is then known.
#if defined(TICKERTAPE_STATIC_RUNTIME)
#include <cstddef>

#include <cxxabi.h>

namespace __cxxabiv1 {

extern "C" char* __cxa_demangle(const char*, char*, std::size_t*, int* status) {
  constexpr int kInvalidName = -2;  // Itanium C++ ABI, 3.4
  if (status != nullptr) *status = kInvalidName;
  return nullptr;
}

}  // namespace __cxxabiv1
#endif
