// environment.h on Windows. The C library has a copy of its own, which another C library, such as that of
// Python, does not change; the system has the variables themselves. L0.
#include "base/os/environment.h"
#include "base/os/windows_calls.h"

namespace tickertape {

std::string environment_variable(const char* variable) {
  const std::wstring wide_name = windows::wide(variable);
  std::wstring value(32'767, L'\0');  // the longest that there can be
  const DWORD size =
      GetEnvironmentVariableW(wide_name.c_str(), value.data(), static_cast<DWORD>(value.size()));
  return windows::narrow(std::wstring_view(value).substr(0, size));
}

}  // namespace tickertape
