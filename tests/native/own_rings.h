// Include it in a test that counts notices: its op ring goes to a directory of its own, so that nothing is
// said of what other processes have left.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tickertape::test {

class OwnRings {
 public:
  OwnRings() {
    const bool has_shm = std::filesystem::is_directory("/dev/shm");
    path_ = (has_shm ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) /
            "tickertape_test_XXXXXX";
    if (mkdtemp(path_.data()) != nullptr) setenv("TICKERTAPE_RING_DIR", path_.c_str(), 1);
  }
  ~OwnRings() { std::filesystem::remove_all(path_); }
  OwnRings(const OwnRings&) = delete;
  OwnRings& operator=(const OwnRings&) = delete;

 private:
  std::string path_;
};

inline const OwnRings own_rings;

}  // namespace tickertape::test
