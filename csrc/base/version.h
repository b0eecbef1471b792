// The version of this package, from pyproject.toml. L0.
#pragma once

namespace tickertape {

const char* library_version();

}  // namespace tickertape
