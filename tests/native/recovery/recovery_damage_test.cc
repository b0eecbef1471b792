// Rings and event files that are not as their process left them.
#include <sys/stat.h>

#include <cstddef>
#include <cstring>
#include <random>

#include "base/version.h"
#include "queue/ring_location.h"
#include "recovery/orphaned_rings.h"
#include "recovery/recovery.h"
#include "tfrecord/record_reader.h"
#include "tfrecord/record_writer.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;
using ring_layout::RingHeader;

std::uint64_t count_records(const std::string& path, std::uint64_t& damaged) {
  RecordReader reader(path);
  std::uint64_t count = 0;
  for (Bytes record; reader.next(record);) ++count;
  damaged = reader.damage().size();
  return count;
}

// A ring with ops in it and its event file, which can be put back as often as a test likes.
class Original {
 public:
  explicit Original(std::uint64_t bytes_in_file = 100) {
    leave_behind(scene, log_first, log_held, bytes_in_file);
    ring = scene.ring();
    file = scene.file();
    file_content_ = content_of(file);
    const int from = open(ring.c_str(), O_RDONLY);
    size = fs::file_size(ring);
    // A ring is mostly holes.
    for (off_t at = 0; (at = lseek(from, at, SEEK_DATA)) >= 0;) {
      const off_t end = lseek(from, at, SEEK_HOLE);
      std::string piece(static_cast<std::size_t>(end - at), '\0');
      CHECK_EQ(pread(from, piece.data(), piece.size(), at), static_cast<ssize_t>(piece.size()));
      pieces_.emplace_back(at, piece);
      at = end;
    }
    close(from);
    fs::remove(ring);
  }
  void put_back() const {
    fs::remove_all(scene.rings());
    fs::create_directory(scene.rings());
    fs::permissions(scene.rings(), fs::perms::owner_all);
    put_content(file, file_content_);
    const int to = open(ring.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
    for (const auto& [at, piece] : pieces_) {
      CHECK_EQ(pwrite(to, piece.data(), piece.size(), at), static_cast<ssize_t>(piece.size()));
    }
    CHECK_EQ(ftruncate(to, static_cast<off_t>(size)), 0);
    close(to);
  }
  template <typename T>
  void patch(std::uint64_t offset, const T& value) const {
    const int to = open(ring.c_str(), O_RDWR);
    CHECK_EQ(pwrite(to, &value, sizeof value, static_cast<off_t>(offset)),
             static_cast<ssize_t>(sizeof value));
    close(to);
  }
  template <typename T>
  T at(std::uint64_t offset) const {
    T value{};
    const int from = open(ring.c_str(), O_RDONLY);
    CHECK_EQ(pread(from, &value, sizeof value, static_cast<off_t>(offset)),
             static_cast<ssize_t>(sizeof value));
    close(from);
    return value;
  }
  // Where something is.
  const std::vector<std::pair<off_t, std::string>>& pieces() const { return pieces_; }

  const Scene scene;
  std::string ring, file;
  std::uint64_t size = 0;

 private:
  std::string file_content_;
  std::vector<std::pair<off_t, std::string>> pieces_;
};

// Whatever recovery makes of it, it comes to an end by itself and leaves the event file readable.
void survive(const Original& original) {
  recover_rings("");
  std::uint64_t damaged = 0;
  count_records(original.file, damaged);
}

TEST(garbage_in_any_field_of_the_header_is_survived) {
  const Original original;
  const std::uint64_t garbage[] = {
      0, 1, 31, 32, 4095, 4096, std::uint64_t{1} << 32, ~std::uint64_t{0}, 1ULL << 63};
  for (std::uint64_t offset = 0; offset < sizeof(RingHeader); offset += 4) {
    for (const std::uint64_t value : garbage) {
      original.put_back();
      original.patch(offset, static_cast<std::uint32_t>(value));
      survive(original);
      original.put_back();
      original.patch(offset, value);
      survive(original);
    }
  }
  original.put_back();
  CHECK(recover_rings("").rings.at(0).is_removed);
  CHECK(behind_opening(original.file) == undisturbed(log_both));
}

TEST(flipped_bytes_anywhere_are_survived) {
  const Original original;
  original.put_back();
  const auto header_head = original.at<std::uint64_t>(offsetof(RingHeader, head));
  const auto ring_offset = original.at<std::uint64_t>(offsetof(RingHeader, ring_offset));
  const auto names_offset = original.at<std::uint64_t>(offsetof(RingHeader, names_offset));
  const auto names_used = original.at<std::uint64_t>(offsetof(RingHeader, names_used));
  std::mt19937_64 random(1);
  for (int round = 0; round < 1500; ++round) {
    original.put_back();
    for (int flips = 0; flips < 1 + round % 4; ++flips) {
      const std::uint64_t where[] = {ring_offset + random() % header_head,
                                     names_offset + random() % names_used, 4096 + random() % 64};
      original.patch(where[random() % 10 < 8 ? 0 : 1 + random() % 2], static_cast<std::uint8_t>(random()));
    }
    survive(original);
  }
}

TEST(a_ring_cut_off_anywhere_is_survived) {
  const Original original;
  for (const auto& [from, piece] : original.pieces()) {
    for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{40}, std::uint64_t{piece.size() / 2}}) {
      original.put_back();
      fs::resize_file(original.ring, static_cast<std::uint64_t>(from) + step);
      survive(original);
    }
  }
}

TEST(what_can_be_read_of_a_damaged_ring_comes_home) {
  const Original original(0);
  original.put_back();
  const auto ring_offset = original.at<std::uint64_t>(offsetof(RingHeader, ring_offset));
  const auto tail = original.at<std::uint64_t>(offsetof(RingHeader, tail));
  // The third held op becomes no op at all.
  original.patch(ring_offset + tail + 2 * sizeof(ring_layout::OpHeader) + 1, std::uint8_t{77});
  const RecoveryReport report = recover_rings("");
  CHECK_EQ(report.rings.at(0).events(), std::uint64_t{2});
  CHECK(report.rings.at(0).problem.find("it is damaged at byte") != std::string::npos);
  CHECK(fs::exists(original.ring + ".damaged"));
  CHECK(recover_rings("").rings.empty());
}

// Found by recovery_fuzz: with no writer to belong to, it lay there for ever.
TEST(a_ring_whose_name_log_found_no_room_goes) {
  const Original original(0);
  original.put_back();
  const std::string before = content_of(original.file);
  original.patch(offsetof(RingHeader, names_used), std::uint64_t{0});
  CHECK(recover_rings("").rings.at(0).is_removed);
  CHECK(!fs::exists(original.ring));
  CHECK(content_of(original.file) == before);
}

TEST(other_layouts_and_users_are_refused_with_a_word) {
  const Original original;
  const auto refusal = [&](std::uint64_t offset, const auto& value) {
    original.put_back();
    original.patch(offset, value);
    const RecoveryReport report = recover_rings("");
    CHECK_EQ(report.rings.size(), std::size_t{1});
    CHECK(fs::exists(original.ring));
    return report.rings.at(0).problem;
  };
  CHECK(refusal(0, std::uint64_t{0x32474E4952545454}).find("no op ring of tickertape") != std::string::npos);
  const std::string ring_layout = refusal(offsetof(RingHeader, version), ring_layout::kRingVersion + 1);
  CHECK(ring_layout.find("layout " + std::to_string(ring_layout::kRingVersion + 1) + ".") !=
        std::string::npos);
  CHECK(ring_layout.find("run `tickertape repair` of tickertape " + std::string(library_version())) !=
        std::string::npos);
  CHECK(refusal(offsetof(RingHeader, op_version), std::uint32_t{99}).find(".99") != std::string::npos);
  CHECK(refusal(offsetof(RingHeader, user_id), std::uint32_t{4711}).find("user 4711") != std::string::npos);
}

TEST(a_ring_of_another_version_with_this_layout_is_recovered) {
  const Original original;
  original.put_back();
  const char library[64] = "9.8.7";
  original.patch(offsetof(RingHeader, library_version), library);
  CHECK(recover_rings("").rings.at(0).is_removed);
  CHECK(behind_opening(original.file) == undisturbed(log_both));
}

// Another version's encoder may put other bytes into a record: what is there counts, whatever is in it.
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

TEST(a_ring_of_an_earlier_boot_is_recovered_only_when_asked_for) {
  const Original original;
  original.put_back();
  original.patch(offsetof(RingHeader, boot_id), 'x');
  const auto opened = recover_rings(original.scene.logs(), RecoveryAsker::kOpenedDirectory);
  CHECK(opened.rings.at(0).problem.find("`tickertape repair` recovers what is in it") != std::string::npos);
  CHECK(recover_rings(original.scene.logs(), RecoveryAsker::kOpenedDirectory).rings.empty());
  CHECK(fs::exists(original.ring + ".orphaned"));
  CHECK(recover_rings(original.scene.logs()).rings.at(0).is_removed);
  CHECK(behind_opening(original.file) == undisturbed(log_both));
}

TEST(a_ring_of_another_machine_is_refused) {
  const Original original;
  original.put_back();
  original.patch(offsetof(RingHeader, boot_id), 'x');
  original.patch(offsetof(RingHeader, process_id), std::uint32_t{4'000'000});  // is not in the file's name
  CHECK(recover_rings("").rings.at(0).problem.find("another machine") != std::string::npos);
  CHECK(fs::exists(original.ring));
}

// The files of the run, in the order in which readers take them.
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

TEST(half_a_record_of_a_stranger_stays_and_the_rest_goes_into_a_new_file) {
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
  // A new run of the same name is another one.
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

// Whatever takes the place of an event file: it is left alone, at once, and the ring waits for the file.
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
  refuse("link", [&] { fs::create_symlink(victim, original.file); }, "symbolic links");
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

// A name log whose paths lead out of the directory.
TEST(paths_that_are_no_event_files_are_refused) {
  const Original original;
  const auto names_at = [&] { return original.at<std::uint64_t>(offsetof(RingHeader, names_offset)); };
  const std::string path = original.file;
  for (const std::string_view bad : {"/../x", "/./xy", "//xyz"}) {
    original.put_back();
    const std::uint64_t at = names_at() + sizeof(ring_layout::NameEntry) + sizeof(ring_layout::FileEntry) +
                             original.scene.logs().rfind('/');
    for (std::size_t i = 0; i < bad.size(); ++i) original.patch(at + i, bad[i]);
    CHECK(recover_rings("").rings.at(0).problem.find("name log is damaged") != std::string::npos);
  }
  original.put_back();
  const std::uint64_t name =
      names_at() + sizeof(ring_layout::NameEntry) + sizeof(ring_layout::FileEntry) + path.rfind('/') + 1;
  original.patch(name, 'x');
  CHECK(recover_rings("").rings.at(0).problem.find("name log is damaged") != std::string::npos);
}

TEST(a_sparse_ring_with_a_huge_op_costs_no_memory) {
  const Original original(0);
  original.put_back();
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 32;
  const auto ring_offset = original.at<std::uint64_t>(offsetof(RingHeader, ring_offset));
  const auto tail = original.at<std::uint64_t>(offsetof(RingHeader, tail));
  original.patch(offsetof(RingHeader, ring_capacity), kHuge);
  original.patch(offsetof(RingHeader, head), kHuge);
  const std::uint64_t op = ring_offset + tail;
  original.patch(op + offsetof(ring_layout::OpHeader, kind), OpKind::kSummary);
  original.patch(op + offsetof(ring_layout::OpHeader, body_size), kHuge / 4);
  fs::resize_file(original.ring, ring_offset + kHuge);
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  const int status = in_child([&] {
    const rlimit limit{std::uint64_t{1} << 29, RLIM_INFINITY};
    if (!test::kIsSlow) setrlimit(RLIMIT_AS, &limit);
    CHECK(recover_rings("").rings.at(0).problem.find("longer than what its file has stored") !=
          std::string::npos);
  });
  CHECK_EQ(status, 0);
}

TEST(rings_that_hold_nothing_are_removed) {
  const Scene scene;
  const std::string zeros = scene.rings() + "/tickertape-1-2-3-0.ring";
  const std::string nothing = scene.rings() + "/tickertape-1-2-3-1.ring";
  put_content(zeros, std::string(8192, '\0'));
  put_content(nothing, "");
  recover_rings("");
  CHECK(fs::exists(zeros) && fs::exists(nothing));  // perhaps just being made
  for (const std::string& path : {zeros, nothing}) {
    const timespec old[2] = {{1000, 0}, {1000, 0}};
    utimensat(AT_FDCWD, path.c_str(), old, 0);
  }
  recover_rings("");
  CHECK(entries_of(scene.rings()).empty());

  in_child([&] {
    EventFileWriter writer(scene.logs());
    writer.add_scalar("s", 1, 0);
    writer.flush();
    die();
  });
  CHECK_EQ(entries_of(scene.rings()).size(), std::size_t{1});
  // Any first writer of any process sees to it.
  in_child([&] {
    EventFileWriter writer(scene.logs() + "/new");
    CHECK_EQ(entries_of(scene.rings()).size(), std::size_t{1});
    die();
  });
}

TEST(what_is_no_ring_is_passed_by_with_one_message_each) {
  const Original original;
  original.put_back();
  const std::string prefix = original.scene.rings() + "/tickertape-1-2-";
  put_content(original.scene.rings() + "/notes.txt", "x");
  put_content(original.scene.rings() + "/other.ring", "x");
  fs::create_directory(prefix + "0.ring");
  fs::create_symlink("/etc/passwd", prefix + "1.ring");
  CHECK_EQ(mkfifo((prefix + "2.ring").c_str(), 0600), 0);
  put_content(prefix + "3.ring", "x");
  put_content(prefix + "\xff.ring", "not UTF-8, and long enough for a header" + std::string(500, 'x'));
  const std::size_t strange = 5;
  const int status = in_child([&] {
    EventFileWriter writer(original.scene.logs());
    CHECK(behind_opening(original.file) == undisturbed(log_both));
    Notices& notices = writer.file()->backend().notices();
    CHECK_EQ(notices.take().size(), strange + 1);  // and what was recovered
    EventFileWriter another(original.scene.logs());
    CHECK(notices.take().empty());
  });
  CHECK_EQ(status, 0);
  const RecoveryReport report = recover_rings("");
  std::size_t messages = 0;
  for (const RingReport& ring : report.rings) messages += ring.words().size();
  CHECK_EQ(messages, strange);  // the empty ring of the child above goes without one
  CHECK(entries_of(original.scene.rings()).size() >= strange + 2);
}

TEST(a_ring_among_log_files_is_none) {
  const Original original;
  original.put_back();
  const std::string placed = original.scene.logs() + "/" + fs::path(original.ring).filename().string();
  fs::rename(original.ring, placed);
  const std::string before = content_of(original.file);
  for (const auto asker : {RecoveryAsker::kOpenedDirectory, RecoveryAsker::kUser})
    CHECK(recover_rings(original.scene.logs(), asker).rings.empty());
  CHECK(fs::exists(placed));
  CHECK(content_of(original.file) == before);
}

}  // namespace
}  // namespace tickertape

#endif

TEST_MAIN()
