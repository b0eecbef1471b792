// The version of this package: CMake reads it from pyproject.toml. L0.
#include "base/version.h"

namespace tickertape {

const char* library_version() { return TICKERTAPE_VERSION; }

}  // namespace tickertape
