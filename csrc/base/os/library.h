// Shared libraries that the process has already loaded. L0.
#pragma once

namespace tickertape {

// The library of that file name if the process has loaded it; nullptr otherwise. Never loads it.
void* loaded_library(const char* file_name) noexcept;

// The address of its function `name`; nullptr if it has none.
void* function_in(void* library, const char* name) noexcept;

}  // namespace tickertape
