// Event files that were changed, moved, replaced or removed since their process died.
#include <sys/stat.h>

#include <string>
#include <vector>

#include "recovery/recovery.h"
#include "recovery/saved_ring.h"
#include "tfrecord/record_writer.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;

// The files of the run, in the order in which readers read them.
std::vector<std::string> files_of(const Original& original) {
  auto files = entries_of(original.scene.logs());
  std::erase_if(files, [](const std::string& path) { return path.find("tfevents") == std::string::npos; });
  return files;
}

void remove_other_files(const Original& original) {
  for (const std::string& path : files_of(original)) {
    if (path != original.file) fs::remove(path);
  }
}

// Another version may encode an op to other bytes, so recovery counts records whatever they contain.
TEST(records_that_are_there_are_counted_not_compared) {
  const Original original(0);
  original.put_back();
  Buffer others;
  for (int i = 0; i < 7; ++i) append_record(others, as_bytes(std::string(5, 'x')));
  const std::string before = content_of(original.file) + std::string(as_text(others.bytes()));
  put_content(original.file, before);
  const RecoveryReport report = recover_rings("");
  CHECK_EQ(report.rings.at(0).events(), kHeldOps - 7);
  const std::string after = content_of(original.file);
  CHECK(after.starts_with(before));
  const std::string whole = undisturbed(log_both);
  CHECK(whole.ends_with(after.substr(before.size())));
  CHECK(!fs::exists(original.ring));
}

TEST(an_unknown_half_record_stays_and_the_rest_goes_into_a_new_file) {
  const std::string whole = undisturbed(log_both);
  for (std::uint64_t bytes : {0U, 30U, 100U, 3000U}) {
    const Original original(bytes);
    for (std::uint64_t limit = 0; limit < 20'000; limit += 2'500) {
      original.put_back();
      remove_other_files(original);
      const std::string strange = content_of(original.file) + std::string(50, 'z');
      put_content(original.file, strange);
      in_child([&] {
        limit_file_size(limit);
        recover_rings("");
        die();
      });
      recover_rings("");
      CHECK(!fs::exists(original.ring));
      CHECK(content_of(original.file) == strange);
      const auto files = files_of(original);
      CHECK(files.size() == 2 && files[0] == original.file);
      const std::string rest = behind_opening(files.back());
      CHECK(whole.ends_with(rest));
      std::uint64_t damaged = 0;
      CHECK_EQ(count_records(original.file, damaged) + count_records(files.back(), damaged),
               2 + 6 * kOpsOfStep);
      CHECK_EQ(damaged, std::uint64_t{0});
    }
  }
}

TEST(a_file_that_was_cut_off_stays_and_gets_a_second_one) {
  const Original original(0);
  original.put_back();
  fs::resize_file(original.file, fs::file_size(original.file) - 10);
  const std::string before = content_of(original.file);
  const RecoveryReport report = recover_rings("");
  CHECK_EQ(report.rings.at(0).events(), kHeldOps);
  CHECK(report.rings.at(0).files.at(0).notes.at(0).find("was cut off") != std::string::npos);
  CHECK(content_of(original.file) == before);
  std::uint64_t damaged = 0;
  CHECK_EQ(count_records(files_of(original).back(), damaged), 1 + kHeldOps);
  CHECK_EQ(damaged, std::uint64_t{0});
}

TEST(a_file_that_was_cut_off_between_records_is_continued) {
  const std::string whole = undisturbed(log_both);
  const Original original(0);
  for (const bool is_interrupted : {false, true}) {
    original.put_back();
    const std::string opening =
        content_of(original.file)
            .substr(0, content_of(original.file).size() - behind_opening(original.file).size());
    put_content(original.file, opening);
    if (is_interrupted) {
      in_child([&] {
        limit_file_size(opening.size() + 15'000);
        recover_rings("");
        die();
      });
    }
    recover_rings("");
    CHECK(whole.ends_with(behind_opening(original.file)));
    std::uint64_t damaged = 0;
    CHECK_EQ(count_records(original.file, damaged), 1 + kHeldOps);
  }
}

TEST(ops_of_a_file_that_is_gone_are_kept_until_it_is_back_or_somebody_decides) {
  const Original original;
  original.put_back();
  const std::string away = original.scene.rings() + "-away";
  fs::rename(original.scene.logs(), away);
  CHECK_THROWS(IoError, recover_rings(original.scene.logs()));
  const RecoveryReport nowhere = recover_rings("");
  CHECK_EQ(nowhere.rings.at(0).events_lost(), std::uint64_t{0});
  CHECK(nowhere.rings.at(0).events_kept() > 0);
  // A new run that has the name of the old one.
  fs::create_directory(original.scene.logs());
  put_content(original.file, content_of(away + "/" + fs::path(original.file).filename().string()));
  const std::string impostor = content_of(original.file);
  for (const auto asker : {RecoveryAsker::kOpenedDirectory, RecoveryAsker::kUser}) {
    const RecoveryReport report = recover_rings(original.scene.logs(), asker);
    CHECK_EQ(report.rings.at(0).events_lost(), std::uint64_t{0});
    CHECK(report.rings.at(0).files.at(0).notes.at(0).find("another file has its name") != std::string::npos);
  }
  CHECK(content_of(original.file) == impostor);
  CHECK(!fs::exists(original.ring) && fs::exists(original.ring + ".orphaned"));
  CHECK(recover_rings(original.scene.logs(), RecoveryAsker::kOpenedDirectory).rings.empty());
  fs::remove_all(original.scene.logs());
  fs::rename(away, original.scene.logs());
  CHECK(recover_rings("").rings.at(0).is_removed);
  CHECK(behind_opening(original.file) == undisturbed(log_both));
}

TEST(a_run_that_was_moved_is_found_where_it_is_asked_for) {
  const std::string whole = undisturbed(log_both);
  const Original original;
  for (const auto asker : {RecoveryAsker::kOpenedDirectory, RecoveryAsker::kUser}) {
    original.put_back();
    const std::string moved = original.scene.logs() + "_old";
    fs::rename(original.scene.logs(), moved);
    CHECK(recover_rings(moved, asker).rings.at(0).is_removed);
    fs::rename(moved, original.scene.logs());
    CHECK(behind_opening(original.file) == whole);
  }
}

TEST(a_link_that_leads_elsewhere_now_does_not_matter) {
  const Scene scene;
  fs::create_directory(scene.logs() + "/one");
  fs::create_directory(scene.logs() + "/two");
  fs::create_directory_symlink("one", scene.logs() + "/run");
  in_child([&] {
    EventFileWriter writer(scene.logs() + "/run");
    log_both(writer);
    die();
  });
  fs::remove(scene.logs() + "/run");
  fs::create_directory_symlink("two", scene.logs() + "/run");
  recover_rings(scene.logs() + "/run", RecoveryAsker::kOpenedDirectory);
  CHECK_EQ(entries_of(scene.rings()).size(), std::size_t{1});
  CHECK(recover_rings("").rings.at(0).is_removed);
  CHECK(behind_opening(entries_of(scene.logs() + "/one").at(0)) == undisturbed(log_both));
  CHECK(entries_of(scene.logs() + "/two").empty());
}

TEST(a_renamed_file_is_found) {
  const std::string whole = undisturbed(log_both);
  const Original original;
  for (const char* name : {"/old.tfevents", "/events.out.tfevents.0.moved"}) {
    original.put_back();
    fs::rename(original.file, original.scene.logs() + name);
    CHECK(recover_rings(original.scene.logs(), RecoveryAsker::kOpenedDirectory).rings.at(0).is_removed);
    CHECK(behind_opening(original.scene.logs() + name) == whole);
    fs::rename(original.scene.logs() + name, original.file);
  }
}

// Whatever takes the place of an event file is left alone, and the ring is kept until the file is back.
TEST(what_is_no_event_file_is_not_touched) {
  const std::string whole = undisturbed(log_both);
  const Original original;
  const std::string victim = original.scene.rings() + "-victim";
  const auto refuse = [&](const char* what, const auto& place, const std::string& word) {
    original.put_back();
    put_content(victim, "precious");
    const std::string away = original.scene.rings() + "-away";
    fs::rename(original.file, away);
    place();
    for (const auto asker : {RecoveryAsker::kOpenedDirectory, RecoveryAsker::kUser}) {
      const RecoveryReport report = recover_rings(original.scene.logs(), asker);
      if (report.rings.size() != 1 || report.rings[0].files.at(0).notes.empty() ||
          report.rings[0].files[0].notes[0].find(word) == std::string::npos)
        test::fail(__FILE__, __LINE__, what);
    }
    CHECK(content_of(victim) == "precious");
    fs::remove_all(original.file);
    fs::rename(away, original.file);
    CHECK(recover_rings("").rings.at(0).is_removed);
    CHECK(behind_opening(original.file) == whole);
  };
  // ELOOP: glibc says "Too many levels of symbolic links", musl "Symbolic link loop".
  refuse("link", [&] { fs::create_symlink(victim, original.file); }, "ymbolic link");
  refuse("hard link", [&] { fs::create_hard_link(victim, original.file); }, "another file");
  refuse("pipe", [&] { CHECK_EQ(mkfifo(original.file.c_str(), 0600), 0); }, "not a regular file");
  refuse("directory", [&] { fs::create_directory(original.file); }, "directory");
  refuse("nothing", [] {}, "not there");
  fs::remove(victim);
}

TEST(a_file_of_another_user_or_without_an_opening_is_not_touched) {
  const Original original;
  original.put_back();
  const std::string whole = content_of(original.file);
  if (geteuid() == 0) {
    CHECK_EQ(chown(original.file.c_str(), 4711, 4711), 0);
    CHECK(!recover_rings("").rings.at(0).is_removed);
    CHECK(content_of(original.file) == whole);
    CHECK_EQ(chown(original.file.c_str(), 0, 0), 0);
  }
  const std::string changed = "#!/bin/sh\n" + whole;
  put_content(original.file, changed);
  CHECK(!recover_rings("").rings.at(0).is_removed);
  CHECK(content_of(original.file) == changed);
}

}  // namespace
}  // namespace tickertape

#endif

TEST_MAIN()
