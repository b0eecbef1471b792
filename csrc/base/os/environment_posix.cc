// environment.h on POSIX systems. L0.
#include <cstdlib>

#include "base/os/environment.h"

namespace tickertape {

std::string environment_variable(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr ? value : "";
}

}  // namespace tickertape
