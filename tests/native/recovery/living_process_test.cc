// How recovery tells the ring of a living process from that of a dead one.
#include <csignal>
#include <string>
#include <thread>

#include "base/os/locked_file.h"
#include "base/os/process.h"
#include "queue/ring_location.h"
#include "recovery/orphaned_rings.h"
#include "recovery/recovery.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;

TEST(living_processes_are_left_alone) {
  const Scene scene;
  int ready[2];
  CHECK_EQ(pipe(ready), 0);
  // Closing another descriptor of a file drops all POSIX record locks that a process has on it.
  for (const bool opens_its_ring : {false, true}) {
    const pid_t child = fork();
    if (child == 0) {
      EventFileWriter writer(scene.logs());
      log_first(writer);
      if (opens_its_ring) close(open(writer.file()->backend().ring().mapping().path().c_str(), O_RDONLY));
      CHECK_EQ(write(ready[1], "x", 1), ssize_t{1});
      for (;;) pause();
    }
    char byte;
    CHECK_EQ(read(ready[0], &byte, 1), ssize_t{1});
    CHECK(recover_rings("").rings.empty());
    CHECK_EQ(entries_of(scene.rings()).size(), std::size_t{1});
    kill(child, SIGKILL);
    // A zombie is dead, whether or not its parent waits for it.
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
    CHECK_EQ(recover_rings("").rings.size(), std::size_t{1});
    CHECK(entries_of(scene.rings()).empty());
    waitpid(child, nullptr, 0);
  }
}

// A forked child inherits the description that has the lock.
TEST(a_child_that_outlives_its_parent_does_not_keep_the_ring) {
  const Scene scene;
  int ready[2], end[2];
  CHECK_EQ(pipe(ready), 0);
  CHECK_EQ(pipe(end), 0);
  in_child([&] {
    EventFileWriter writer(scene.logs());
    log_both(writer);
    if (fork() == 0) {
      close(end[1]);
      CHECK_EQ(write(ready[1], "x", 1), ssize_t{1});
      char byte;
      CHECK_EQ(read(end[0], &byte, 1), ssize_t{0});  // until the test closes its end
      _exit(0);
    }
    char byte;
    CHECK_EQ(read(ready[0], &byte, 1), ssize_t{1});
    die();
  });
  CHECK_EQ(recover_rings("").rings.size(), std::size_t{1});
  CHECK(behind_opening(scene.file()) == undisturbed(log_both));
  CHECK(entries_of(scene.rings()).empty());
  close(end[1]);
}

// A copy has no lock. What is in it, its process still writes.
TEST(a_copy_of_a_living_ring_is_passed_over_with_a_word) {
  const Scene scene;
  int ready[2], end[2];
  CHECK_EQ(pipe(ready), 0);
  CHECK_EQ(pipe(end), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(end[1]);
    EventFileWriter writer(scene.logs());
    log_first(writer);
    writer.flush();
    limit_file_size(fs::file_size(writer.path()));
    log_held(writer);
    char byte = 'x';
    if (write(ready[1], &byte, 1) != 1 || read(end[0], &byte, 1) != 0) _exit(1);
    die();
  }
  char byte;
  CHECK_EQ(read(ready[0], &byte, 1), ssize_t{1});
  const std::string before = content_of(scene.file());
  const std::string copy = scene.rings() + "/tickertape-1-2-3.ring";
  fs::copy_file(scene.ring(), copy);
  const RecoveryReport report = recover_rings("");
  CHECK_EQ(report.living, std::uint64_t{1});
  CHECK(has_word(report, "it is a copy of"));
  CHECK(content_of(scene.file()) == before);
  close(end[1]);
  waitpid(child, nullptr, 0);
  CHECK_EQ(recover_rings("").rings.size(), std::size_t{2});
  CHECK(behind_opening(scene.file()) == undisturbed(log_both));
  CHECK(entries_of(scene.rings()).empty());
}

// Daemons close all descriptors: the lock stays with the mapping, and another file gets the number.
TEST(a_ring_whose_descriptor_was_closed_stays_locked_and_grows) {
  const Scene scene;
  const std::string other = scene.logs() + "/other";
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    log_first(writer);
    CHECK_EQ(writer.flush(), 0);
    const std::string ring = scene.ring();
    for (int number = 3; number < 64; ++number) {
      std::error_code error;
      if (fs::read_symlink("/proc/self/fd/" + std::to_string(number), error) == ring) {
        close(number);
        CHECK_EQ(open(other.c_str(), O_RDWR | O_CREAT, 0600), number);
      }
    }
    limit_file_size(fs::file_size(writer.path()));
    OpRing& op_ring = writer.file()->backend().ring();
    for (int i = 0; i < 50'000; ++i) writer.add_scalar("scalar", 1, i, 1.0);  // more than the first MiB
    CHECK(op_ring.head() - op_ring.tail() > (std::uint64_t{1} << 20));
    CHECK_EQ(fs::file_size(other), std::uintmax_t{0});
    if (fork() == 0) {
      _exit(recover_rings("").rings.empty() ? 0 : 1);
    }
    int inner = -1;
    wait(&inner);
    CHECK_EQ(inner, 0);
    die();
  });
  CHECK(WIFSIGNALED(status));
  CHECK(recover_rings("").rings.at(0).events() >= 50'000);
}

TEST(our_own_ring_is_left_alone) {
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    CHECK(recover_rings("").rings.empty());
    EventFileWriter other(scene.logs());
    CHECK_THROWS(IoError, LockedFile(scene.ring()));
    const int inner = in_child([&] { CHECK_THROWS(IoError, LockedFile(scene.ring())); });
    CHECK_EQ(inner, 0);
  });
  CHECK_EQ(status, 0);
}

TEST(what_was_accepted_before_exec_is_recovered) {
  const Scene scene;
  const pid_t child = fork();
  if (child == 0) {
    EventFileWriter writer(scene.logs());
    log_both(writer);
    execl("/bin/sleep", "sleep", "1000", nullptr);
    _exit(1);
  }
  // exec() closes the ring, which releases its lock.
  while (recover_rings("").rings.empty()) std::this_thread::yield();
  CHECK(behind_opening(scene.file()) == undisturbed(log_both));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace tickertape

#endif

TEST_MAIN()
