// A __cxa_demangle() that knows nothing, for builds that have the C++ library inside
// (TICKERTAPE_STATIC_RUNTIME). L5.
//
// The real one is 5 % of a wheel. libc++ uses it only to print an exception that ends the process. pybind11
// uses it for the names of C++ types in its messages, which are mangled then.
#if defined(TICKERTAPE_STATIC_RUNTIME)
#include <cxxabi.h>

#include <cstddef>

namespace __cxxabiv1 {  // NOLINT(bugprone-reserved-identifier): the name is that of the ABI

extern "C" char* __cxa_demangle(const char*, char*, std::size_t*,
                                int* status) {  // NOLINT(bugprone-reserved-identifier)
  constexpr int kInvalidName = -2;              // Itanium C++ ABI, 3.4
  if (status != nullptr) *status = kInvalidName;
  return nullptr;
}

}  // namespace __cxxabiv1
#endif
