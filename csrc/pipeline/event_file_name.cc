// Names of event files. L4.
#include "pipeline/event_file_name.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "base/error.h"
#include "base/os_process.h"

namespace tickertape {

std::unique_ptr<Sink> create_event_file(const std::string& log_dir, const std::string& suffix) {
  static std::atomic<unsigned> next_uid{0};  // any order of the numbers will do
  const std::string host = host_name();
  for (;;) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%010lld", static_cast<long long>(std::time(nullptr)));
    const unsigned uid = next_uid.fetch_add(1, std::memory_order_relaxed);
    const std::string name = std::string("events.out.tfevents.") + seconds + "." + host + "." +
                             std::to_string(process_id()) + "." + std::to_string(uid) + suffix;
    try {
      return create_file_sink(log_dir + "/" + name);
    } catch (const IoError& error) {
      if (error.error_number() != EEXIST) throw;  // another machine of the same name: take the next number
    }
  }
}

}  // namespace tickertape
