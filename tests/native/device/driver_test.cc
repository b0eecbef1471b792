// Finds no driver in a process that has not loaded one, and loads none. The Python tests load a simulated
// driver.
#include <dlfcn.h>

#include "check.h"
#include "device/device.h"

namespace tickertape {
namespace {

TEST(a_process_without_a_driver_finds_no_device_and_loads_none) {
  CHECK(find_device("cuda") == nullptr);
  CHECK(find_device("hip") == nullptr);
  CHECK(find_device("abacus") == nullptr);
  CHECK(dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD) == nullptr);
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
