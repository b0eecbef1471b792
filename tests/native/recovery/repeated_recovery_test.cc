// Recoveries that stop somewhere, are killed, or run at the same time: nothing is doubled or lost.
#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <thread>

#include "recovery/orphaned_rings.h"
#include "recovery/recovery.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;

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
    leave_behind(scene, log_first, held, static_cast<unsigned>(round) * 100);
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

TEST(two_recoveries_at_a_time_double_nothing) {
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

}  // namespace
}  // namespace tickertape

#endif

TEST_MAIN()
