// Include it in a test that counts notices: its op ring goes to a directory of its own, so that nothing is
// said of what other processes have left.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

#include "environment.h"

namespace tickertape::test {

class OwnRings {
 public:
  OwnRings() : path_(make_test_directory()) { set_environment("TICKERTAPE_RING_DIR", path_); }
  ~OwnRings() {
    std::error_code ignored;  // Windows keeps a file that is mapped
    std::filesystem::remove_all(path_, ignored);
  }
  OwnRings(const OwnRings&) = delete;
  OwnRings& operator=(const OwnRings&) = delete;

 private:
  std::string path_;
};

inline const OwnRings own_rings;

}  // namespace tickertape::test
