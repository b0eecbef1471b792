// Processes that die at chosen moments, and what the next one finds and brings home.
#include "recovery/recovery.h"

#include <chrono>
#include <cstring>
#include <random>
#include <thread>

#include "base/os/locked_file.h"
#include "base/os/process.h"
#include "queue/ring_location.h"
#include "recovery/orphaned_rings.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;

bool has_word(const RecoveryReport& report, const char* text) {
  for (const RingReport& ring : report.rings) {
    for (const std::string& word : ring.words()) {
      if (word.find(text) != std::string::npos) return true;
    }
  }
  return false;
}

std::uint64_t events_of(const RecoveryReport& report) {
  std::uint64_t sum = 0;
  for (const RingReport& ring : report.rings) sum += ring.events();
  return sum;
}

TEST(what_a_killed_process_had_accepted_comes_home_once_and_in_order) {
  const auto log = [](EventFileWriter& writer) {
    for (std::int64_t step = 0; step < 50'000; ++step) writer.add_scalar("s", 1, step, 1.0);
  };
  const Scene scene;
  in_child([&] {
    EventFileWriter writer(scene.logs());
    log(writer);
    die();
  });
  const RecoveryReport report = recover_rings(scene.logs());
  CHECK_EQ(report.rings.size(), std::size_t{1});
  CHECK(behind_opening(scene.file()) == undisturbed(log));
  CHECK(entries_of(scene.rings()).empty());
  CHECK(recover_rings("").rings.empty());
}

TEST(every_kind_is_encoded_again_to_the_same_bytes) {
  const Scene scene;
  leave_behind(scene, log_first, log_held, 0);
  const RecoveryReport report = recover_rings("");
  CHECK_EQ(events_of(report), kHeldOps);
  CHECK(has_word(report, "recovered 50 events of process"));
  CHECK(behind_opening(scene.file()) == undisturbed(log_both));
}

TEST(a_record_cut_off_at_any_byte_is_completed) {
  const auto first = [](EventFileWriter& writer) { writer.add_scalar("s", 1, 4, 1.0); };
  const auto held = [](EventFileWriter& writer) {
    for (std::int64_t step = 1; step < 4; ++step) writer.add_scalar("s", 1, step, 1.0);
  };
  const std::string whole = undisturbed([&](EventFileWriter& writer) { first(writer), held(writer); });
  const std::size_t record = whole.size() / 4;
  for (std::size_t bytes = 0; bytes < 3 * record; ++bytes) {
    const Scene scene;
    leave_behind(scene, first, held, bytes);
    CHECK_EQ(events_of(recover_rings("")), 3 - bytes / record);
    CHECK(behind_opening(scene.file()) == whole);
  }
}

TEST(large_records_are_completed_too) {
  const std::string whole = undisturbed(log_both);
  const std::string first = undisturbed(log_first);
  for (std::size_t bytes = 0; bytes < whole.size() - first.size(); bytes += 241) {
    const Scene scene;
    leave_behind(scene, log_first, log_held, bytes);
    recover_rings("");
    CHECK(behind_opening(scene.file()) == whole);
    CHECK(entries_of(scene.rings()).empty());
  }
}

TEST(a_recovery_that_stops_anywhere_can_be_repeated) {
  const std::string whole = undisturbed(log_both);
  for (std::size_t bytes = 0; bytes < 20'000; bytes += 331) {
    const Scene scene;
    leave_behind(scene, log_first, log_held, 77);
    in_child([&] {
      limit_file_size(fs::file_size(scene.file()) + bytes);
      const RecoveryReport report = recover_rings("");
      CHECK(report.rings.size() == 1 && (report.rings[0].is_removed || has_word(report, "File too large")));
      die();
    });
    recover_rings("");
    CHECK(behind_opening(scene.file()) == whole);
    CHECK(entries_of(scene.rings()).empty());
  }
}

TEST(a_recovery_killed_at_random_moments_can_be_repeated) {
  const auto held = [](EventFileWriter& writer) { log_steps(writer, 1, 60, 1000); };
  const auto both = [&](EventFileWriter& writer) { log_first(writer), held(writer); };
  const std::string whole = undisturbed(both);
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    const Scene scene;
    leave_behind(scene, log_first, held, round * 100U);
    for (int attempt = 0; attempt < 5; ++attempt) {
      const pid_t child = fork();
      if (child == 0) {
        recover_rings("");
        _exit(0);
      }
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
    recover_rings("");
    CHECK(behind_opening(scene.file()) == whole);
  }
}

TEST(two_recoveries_at_a_time_do_not_double) {
  const std::string whole = undisturbed(log_both);
  for (int round = 0; round < 10; ++round) {
    const Scene scene;
    leave_behind(scene, log_first, log_held, 0);
    const auto two_threads = [] {
      std::thread other([] { recover_rings(""); });
      recover_rings("");
      other.join();
    };
    const pid_t child = fork();
    if (child == 0) {
      two_threads();
      _exit(0);
    }
    two_threads();
    waitpid(child, nullptr, 0);
    CHECK(behind_opening(scene.file()) == whole);
    CHECK(entries_of(scene.rings()).empty());
  }
}

TEST(pending_and_cancelled_ops_are_left_out) {
  const Scene scene;
  in_child([&] {
    EventFileWriter writer(scene.logs());
    writer.add_scalar("s", 0, 0, 1.0);
    const std::uint32_t name = writer.file()->tag("s").id;
    writer.flush();
    limit_file_size(fs::file_size(writer.path()));
    OpRing& ring = writer.file()->backend().ring();
    std::atomic<std::uint64_t> pushed{0};
    bool needs_attention = false;
    ring.try_reserve(OpKind::kEvent, 0, name, 40, 1, 1.0, pushed, needs_attention);
    OpRing::cancel(ring.try_reserve(OpKind::kEvent, 0, name, 40, 2, 1.0, pushed, needs_attention));
    writer.add_scalar("s", 0, 3, 1.0);
    die();
  });
  CHECK_EQ(events_of(recover_rings("")), std::uint64_t{1});
  CHECK(behind_opening(scene.file()) == undisturbed([](EventFileWriter& writer) {
          for (const std::int64_t step : {0, 3}) writer.add_scalar("s", 0, step, 1.0);
        }));
}

TEST(several_writers_and_rings_of_one_directory) {
  const std::string whole = undisturbed(log_both);
  const Scene scene;
  for (int process = 0; process < 3; ++process) {
    in_child([&] {
      std::vector<std::unique_ptr<EventFileWriter>> writers;
      for (int i = 0; i < 20; ++i) writers.push_back(std::make_unique<EventFileWriter>(scene.logs()));
      for (int i = 0; i < 20; ++i) log_both(*writers[static_cast<std::size_t>(i)]);
      die();
    });
  }
  // A writer of the second process has brought home what the first left, and so on.
  CHECK_EQ(entries_of(scene.rings()).size(), std::size_t{1});
  recover_rings(scene.logs());
  const auto files = entries_of(scene.logs());
  CHECK_EQ(files.size(), std::size_t{60});
  for (const std::string& file : files) CHECK(behind_opening(file) == whole);
}

TEST(closed_writers_and_reused_slots) {
  const Scene scene;
  in_child([&] {
    for (int i = 0; i < 300; ++i) {
      EventFileWriter writer(scene.logs());
      writer.add_scalar("s", i, 0, 1.0);
    }
    die();
  });
  recover_rings("");
  const auto files = entries_of(scene.logs());
  CHECK_EQ(files.size(), std::size_t{300});
  const std::size_t record = behind_opening(files[0]).size();
  CHECK(record > 0);
  for (const std::string& file : files) CHECK_EQ(behind_opening(file).size(), record);
}

TEST(the_next_writer_of_the_directory_or_of_its_parent_recovers) {
  const std::string whole = undisturbed(log_both);
  for (const char* opened : {"", "/..", "/../logs/"}) {
    const Scene scene;
    leave_behind(scene, log_first, log_held, 10);
    const std::string file = scene.file();
    const int status = in_child([&] {
      EventFileWriter elsewhere(scene.rings());
      CHECK(behind_opening(file) != whole);
      Notices& notices = elsewhere.file()->backend().notices();
      const auto mentioned = notices.take();
      CHECK(mentioned.size() == 1 &&
            mentioned[0].find("left it with events for '" + file) != std::string::npos);
      EventFileWriter also_elsewhere(scene.rings());
      CHECK(notices.take().empty());  // said once
      EventFileWriter next(scene.logs() + opened);
      CHECK(behind_opening(file) == whole);
      const auto told = notices.take();
      CHECK(told.size() == 1 && told[0].starts_with("recovered 50 events of process"));
    });
    CHECK_EQ(status, 0);
  }
}

TEST(a_directory_that_was_asked_for_gets_its_own_files_alone) {
  const std::string whole = undisturbed(log_both);
  const Scene scene;
  in_child([&] {
    EventFileWriter one(scene.logs() + "/one"), two(scene.logs() + "/two");
    limit_file_size(100);
    log_both(one);
    log_both(two);
    die();
  });
  const std::string one = entries_of(scene.logs() + "/one").at(0),
                    two = entries_of(scene.logs() + "/two").at(0);
  const std::string before = content_of(two);
  recover_rings(scene.logs() + "/one", RecoveryAsker::kOpenedDirectory);
  CHECK(behind_opening(one) == whole);
  CHECK(content_of(two) == before);
  CHECK_EQ(entries_of(scene.rings()).size(), std::size_t{1});
  recover_rings(scene.logs() + "/two", RecoveryAsker::kOpenedDirectory);
  CHECK(behind_opening(one) == whole);
  CHECK(behind_opening(two) == whole);
  CHECK(entries_of(scene.rings()).empty());
}

TEST(a_dry_run_counts_and_changes_nothing) {
  const Scene scene;
  leave_behind(scene, log_first, log_held, 100);
  const std::string before = content_of(scene.file());
  const RecoveryReport planned = recover_rings("", RecoveryAsker::kUser, RepairMode::kDryRun);
  CHECK(content_of(scene.file()) == before);
  CHECK_EQ(entries_of(scene.rings()).size(), std::size_t{1});
  const std::uint64_t events = events_of(recover_rings(""));
  CHECK_EQ(events_of(planned), events);
  CHECK(planned.rings.at(0).words().at(0).starts_with("would recover " + std::to_string(events)));
  CHECK(events > 0 && events < kHeldOps);
}

TEST(a_ring_is_discarded_only_when_its_process_is_dead) {
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    CHECK_THROWS(ArgumentError, discard_ring(scene.ring()));
    log_both(writer);
    die();
  });
  CHECK(WIFSIGNALED(status));
  CHECK_THROWS(ArgumentError, discard_ring(scene.file()));
  CHECK(fs::exists(scene.file()));
  discard_ring(scene.ring());
  CHECK(entries_of(scene.rings()).empty());
}

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
      static_cast<void>(read(end[0], &byte, 1));  // until the test closes its end
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

// As a daemon does: the lock stays with the mapping, and the number is somebody else's.
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

TEST(what_was_accepted_before_exec_comes_home) {
  const Scene scene;
  const pid_t child = fork();
  if (child == 0) {
    EventFileWriter writer(scene.logs());
    log_both(writer);
    execl("/bin/sleep", "sleep", "1000", nullptr);
    _exit(1);
  }
  // The lock goes when exec() closes the ring.
  while (recover_rings("").rings.empty()) std::this_thread::yield();
  CHECK(behind_opening(scene.file()) == undisturbed(log_both));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace tickertape

#endif

TEST_MAIN()
