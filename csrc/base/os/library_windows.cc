// library.h on Windows. L0.
#include "base/os/library.h"
#include "base/os/windows_calls.h"

namespace tickertape {

void* loaded_library(const char* file_name) noexcept { return GetModuleHandleA(file_name); }

void* function_in(void* library, const char* name) noexcept {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}

}  // namespace tickertape
