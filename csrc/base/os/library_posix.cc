// library.h on POSIX systems. L0.
#include <dlfcn.h>

#include "base/os/library.h"

namespace tickertape {

void* loaded_library(const char* file_name) noexcept { return dlopen(file_name, RTLD_NOW | RTLD_NOLOAD); }

void* function_in(void* library, const char* name) noexcept { return dlsym(library, name); }

}  // namespace tickertape
