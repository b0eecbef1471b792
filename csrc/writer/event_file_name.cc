// Names of event files. L4.
#include "writer/event_file_name.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "base/error.h"
#include "base/os/process.h"

namespace tickertape {

std::string event_file_path(const std::string& log_dir, const std::string& suffix) {
  static std::atomic<unsigned> next_uid{0};  // any order of the numbers will do
  char name[512];                            // a host's name has at most 64 bytes, a number 20
  std::snprintf(name, sizeof name, "/events.out.tfevents.%010lld.%s.%u.%u",
                static_cast<long long>(std::time(nullptr)), host_name().c_str(), process_id(),
                next_uid.fetch_add(1, std::memory_order_relaxed));
  return log_dir + name + suffix;
}

std::unique_ptr<Sink> create_event_file(const std::string& log_dir, const std::string& suffix) {
  for (;;) {
    try {
      return create_file_sink(event_file_path(log_dir, suffix));
    } catch (const IoError& error) {
      if (error.error_number() != EEXIST) throw;  // another machine of the same name: take the next number
    }
  }
}

}  // namespace tickertape
