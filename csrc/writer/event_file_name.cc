// Names of event files. L4.
#include "writer/event_file_name.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <mutex>

#include "base/error.h"
#include "base/os/process.h"

namespace tickertape {
namespace {

// Digits of a uid. When a process has used them up, the next name carries a later second.
constexpr unsigned kUids = 1'000'000;

// The newest name of this process. A forked child inherits it, so that its names sort after its parent's.
struct NewestName {
  std::mutex mutex;  // a leaf: held while a name is formatted
  std::string name;
  long long seconds = 0;
  unsigned next_uid = 0;
};

NewestName& newest() {
  static NewestName instance;
  // Otherwise a child forked while another thread holds the mutex would wait for it for ever.
  [[maybe_unused]] static const bool registered = [] {
    register_fork_handlers([] { instance.mutex.lock(); }, [] { instance.mutex.unlock(); },
                           [] { instance.mutex.unlock(); });
    return true;
  }();
  return instance;
}

std::string format_name(long long seconds, unsigned uid) {
  char name[512];  // a host's name has at most 64 bytes, a number 20
  std::snprintf(name, sizeof name, "events.out.tfevents.%010lld.%s.%u.%06u", seconds, host_name().c_str(),
                process_id(), uid);
  return name;
}

}  // namespace

std::string next_event_file_name(long long now_seconds) {
  NewestName& last = newest();
  const std::lock_guard<std::mutex> lock(last.mutex);
  const unsigned uid = last.next_uid;
  last.next_uid = (uid + 1) % kUids;
  last.seconds = std::max(last.seconds, now_seconds);
  std::string name = format_name(last.seconds, uid);
  if (name <= last.name) name = format_name(++last.seconds, uid);
  return last.name = std::move(name);
}

std::string event_file_path(const std::string& log_dir, const std::string& suffix) {
  return log_dir + "/" + next_event_file_name(std::time(nullptr)) + suffix;
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
