// Environment variables and directories of a test's own, on every system.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/os/clock.h"
#include "base/os/process.h"

namespace tickertape::test {

inline void set_environment(const char* name, const std::string& value) {
#if defined(_WIN32)
  _putenv_s(name, value.c_str());
#else
  setenv(name, value.c_str(), 1);
#endif
}

inline void unset_environment(const char* name) {
#if defined(_WIN32)
  _putenv_s(name, "");
#else
  unsetenv(name);
#endif
}

// A new directory, in memory if possible: tests make thousands of small files.
inline std::string make_test_directory() {
  const bool has_shm = std::filesystem::is_directory("/dev/shm");
  const std::filesystem::path place = has_shm ? "/dev/shm" : std::filesystem::temp_directory_path();
  const std::string name =
      "tickertape_test_" + std::to_string(process_id()) + "_" + std::to_string(monotonic_ns());
  std::filesystem::create_directory(place / name);
  std::filesystem::permissions(place / name, std::filesystem::perms::owner_all);
  return (place / name).generic_string();
}

}  // namespace tickertape::test
