// environment.h on POSIX systems. L0.
#include <cstdlib>

#include "base/os/environment.h"

namespace tickertape {

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace tickertape
