// Processes that die at chosen moments, and what recovery makes of the rings that they leave.
#include "recovery/recovery.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "recovery/orphaned_rings.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;

TEST(what_a_killed_process_had_accepted_is_recovered_once_and_in_order) {
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

TEST(pending_and_cancelled_ops_are_left_out) {
  const Scene scene;
  in_child([&] {
    EventFileWriter writer(scene.logs());
    writer.add_scalar("s", 0, 0, 1.0);
    const std::uint32_t name = writer.file()->tag("s", TagKind::kScalars).id;
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
  // A writer of the second process has recovered what the first one left, and so on.
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
            mentioned[0].text.find("left it with events for '" + file) != std::string::npos);
      EventFileWriter also_elsewhere(scene.rings());
      CHECK(notices.take().empty());  // said once
      EventFileWriter next(scene.logs() + opened);
      CHECK(behind_opening(file) == whole);
      const auto told = notices.take();
      CHECK(told.size() == 1 && told[0].text.starts_with("recovered 50 events of process"));
    });
    CHECK_EQ(status, 0);
  }
}

TEST(only_files_of_the_directory_that_was_asked_for_are_repaired) {
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

}  // namespace
}  // namespace tickertape

#endif

TEST_MAIN()
