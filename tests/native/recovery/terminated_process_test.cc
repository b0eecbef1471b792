// A process that is killed while it logs, started and killed by the calls of each system: TerminateProcess()
// on Windows. Nothing that it had logged is lost.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "check.h"
#include "environment.h"
#include "file_values.h"
#include "recovery/recovery.h"
#include "writer/event_file_writer.h"

#if defined(_WIN32)
#include <process.h>
#include <windows.h>
#else
#include <spawn.h>
#include <sys/wait.h>
extern char** environ;
#endif

namespace tickertape {
namespace {

namespace fs = std::filesystem;
using namespace test;

std::string self;

// This program, with a directory as its argument; see main().
class Child {
 public:
#if defined(_WIN32)
  explicit Child(const std::string& directory)
      : process_(_spawnl(_P_NOWAIT, self.c_str(), self.c_str(), directory.c_str(), nullptr)) {}
  void kill() const {
    const auto handle = reinterpret_cast<HANDLE>(process_);
    CHECK(TerminateProcess(handle, 1));
    WaitForSingleObject(handle, INFINITE);
    CloseHandle(handle);
  }

 private:
  std::intptr_t process_;
#else
  explicit Child(std::string directory) {
    char* const arguments[] = {self.data(), directory.data(), nullptr};
    CHECK_EQ(posix_spawn(&process_, self.c_str(), nullptr, nullptr, arguments, environ), 0);
  }
  void kill() const {
    CHECK_EQ(::kill(process_, SIGKILL), 0);
    waitpid(process_, nullptr, 0);
  }

 private:
  pid_t process_ = -1;
#endif
};

// Logs until it is killed. Whenever 1,000 more steps are accepted, says so in a file beside the logs.
void log_for_ever(const std::string& directory) {
  EventFileWriter writer(directory + "/logs");
  std::ofstream accepted(directory + "/accepted", std::ios::binary);
  for (std::int64_t step = 0;; ++step) {
    writer.add_scalar("loss", static_cast<double>(step), step, 1.0);
    if (step % 1000 == 999) accepted << '.' << std::flush;
  }
}

std::uintmax_t accepted_steps(const std::string& directory) {
  std::error_code is_not_there;
  const std::uintmax_t size = fs::file_size(directory + "/accepted", is_not_there);
  return is_not_there ? 0 : size * 1000;
}

TEST(a_process_that_is_killed_while_it_logs_loses_nothing) {
  for (const std::uintmax_t steps : {1'000U, 20'000U, 100'000U}) {
    const std::string directory = make_test_directory();
    const std::string rings = make_test_directory();
    set_environment("TICKERTAPE_RING_DIR", rings);
    const Child child(directory);
    while (accepted_steps(directory) < steps) std::this_thread::yield();
    child.kill();
    const std::uintmax_t accepted = accepted_steps(directory);
    CHECK_EQ(fs::directory_iterator(rings) == fs::directory_iterator(), false);
    const RecoveryReport report = recover_rings(directory + "/logs");
    CHECK_EQ(report.rings.size(), std::size_t{1});
    for (const RingReport& ring : report.rings) {
      CHECK_EQ(ring.problem, "");
      for (const RepairedFile& file : ring.files) {
        for (const std::string& note : file.notes) CHECK_EQ(note, "");
      }
      CHECK_EQ(ring.events_lost() + ring.events_kept(), std::uint64_t{0});
    }
    const auto values = values_of(fs::directory_iterator(directory + "/logs")->path().string());
    CHECK(values.size() >= accepted);
    for (std::size_t i = 0; i < values.size(); ++i) CHECK_EQ(values[i].step, static_cast<std::int64_t>(i));
    CHECK(fs::directory_iterator(rings) == fs::directory_iterator());
    fs::remove_all(directory);
    fs::remove_all(rings);
  }
}

}  // namespace
}  // namespace tickertape

int main(int count, char** arguments) {
  if (count > 1) tickertape::log_for_ever(arguments[1]);
  tickertape::self = arguments[0];
  return tickertape::test::run_all();
}
