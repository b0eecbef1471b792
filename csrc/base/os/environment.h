// Environment variables. L0.
#pragma once

#include <string>

namespace tickertape {

// The value of an environment variable as UTF-8; "" if it is not set. For threads of the user only: the C
// library does not guard getenv() in one thread against setenv() in another (`os.environ[…] = …` in Python).
std::string environment_variable(const char* variable);

}  // namespace tickertape
