// For tests of a ring whose file somebody cuts off: SIGBUS ends a process here as it does without a
// sanitizer.
#pragma once

#include <string>
#include <thread>

#include "recovery/orphaned_rings.h"

#if defined(__SANITIZE_ADDRESS__)
// AddressSanitizer would report SIGBUS and exit; here the signal must end the process, as it does without it.
extern "C" [[gnu::visibility("default")]] const char*
__asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "handle_sigbus=0";
}
#endif

namespace tickertape::test {

inline std::string wait_for_notice(EventFileWriter& writer, const char* text) {
  for (;;) {
    for (const Notice& notice : writer.backend().notices().take()) {
      if (notice.text.find(text) != std::string::npos) return notice.text;
    }
    std::this_thread::yield();
  }
}

inline void wait_until_moved(const Scene& scene, EventFileWriter& writer, const std::string& old_path) {
  while (entries_of(scene.rings()).size() != 1 || entries_of(scene.rings()).at(0) == old_path)
    std::this_thread::yield();
  CHECK(writer.backend().notices().take().empty());
}

}  // namespace tickertape::test
