// Rings and event files that are not as their process left them.
#include <sys/stat.h>

#include <cstddef>
#include <cstring>
#include <random>

#include "queue/ring_location.h"
#include "recovery/orphaned_rings.h"
#include "recovery/recovery.h"
#include "tfrecord/record_reader.h"

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

TEST(other_versions_users_and_boots_are_refused_with_a_word) {
  const Original original;
  const auto refusal = [&](std::uint64_t offset, const auto& value) {
    original.put_back();
    original.patch(offset, value);
    const RecoveryReport report = recover_rings("");
    CHECK_EQ(report.rings.size(), std::size_t{1});
    CHECK(fs::exists(original.ring));
    return report.rings.at(0).problem;
  };
  CHECK(refusal(0, std::uint64_t{0x32474E4952545454}).find("no op ring of this version") !=
        std::string::npos);
  CHECK(refusal(offsetof(RingHeader, version), ring_layout::kRingVersion + 1)
            .find("ring version " + std::to_string(ring_layout::kRingVersion + 1)) != std::string::npos);
  CHECK(refusal(offsetof(RingHeader, op_version), std::uint32_t{99}).find("op version 99") !=
        std::string::npos);
  const char library[64] = "9.8.7";
  CHECK(refusal(offsetof(RingHeader, library_version), library).find("tickertape 9.8.7") !=
        std::string::npos);
  CHECK(refusal(offsetof(RingHeader, user_id), std::uint32_t{4711}).find("user 4711") != std::string::npos);
}

TEST(a_ring_of_an_earlier_boot_comes_home_only_when_asked_for) {
  const Original original;
  original.put_back();
  original.patch(offsetof(RingHeader, boot_id), 'x');
  const auto opened = recover_rings(original.scene.logs(), RecoveryAsker::kOpenedDirectory);
  CHECK(opened.rings.empty());
  CHECK(fs::exists(original.ring));
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

TEST(bytes_of_a_stranger_stay_and_the_rest_follows_once) {
  for (std::uint64_t bytes : {0U, 30U, 100U, 3000U}) {
    const Original original(bytes);
    for (std::uint64_t limit = 0; limit < 20'000; limit += 2'500) {
      original.put_back();
      const std::string strange = content_of(original.file) + std::string(50, 'z');
      put_content(original.file, strange);
      in_child([&] {
        limit_file_size(strange.size() + limit);
        recover_rings("");
        die();
      });
      recover_rings("");
      CHECK(!fs::exists(original.ring));
      std::uint64_t damaged = 0;
      CHECK_EQ(count_records(original.file, damaged), 1 + 6 * kOpsOfStep);
      CHECK_EQ(damaged, std::uint64_t{1});
      CHECK(content_of(original.file).starts_with(strange));
    }
  }
}

TEST(a_file_that_was_cut_off_gets_what_the_ring_has) {
  const Original original(0);
  original.put_back();
  fs::resize_file(original.file, fs::file_size(original.file) - 10);
  const RecoveryReport report = recover_rings("");
  CHECK_EQ(report.rings.at(0).events(), kHeldOps);
  CHECK(report.rings.at(0).files.at(0).notes.at(0).find("was cut off") != std::string::npos);
  std::uint64_t damaged = 0;
  CHECK_EQ(count_records(original.file, damaged), 6 * kOpsOfStep);
  CHECK_EQ(damaged, std::uint64_t{1});
}

TEST(ops_of_a_file_that_is_gone_go_when_its_directory_is_asked_for) {
  const Original original;
  original.put_back();
  fs::remove_all(original.scene.logs());
  CHECK(recover_rings(original.scene.rings()).rings.empty());
  const RecoveryReport report = recover_rings(original.scene.logs());
  CHECK_EQ(report.rings.at(0).events_lost(), kHeldOps);
  CHECK(report.rings.at(0).is_removed);
  CHECK(!fs::exists(original.ring));
}

TEST(a_file_that_cannot_be_written_stays_in_the_ring) {
  const Original original;
  original.put_back();
  fs::rename(original.file, original.file + ".away");
  fs::create_directory(original.file);
  const RecoveryReport report = recover_rings("");
  CHECK(!report.rings.at(0).is_removed);
  CHECK(!report.rings.at(0).words().empty());
  fs::remove(original.file);
  fs::rename(original.file + ".away", original.file);
  recover_rings("");
  CHECK(behind_opening(original.file) == undisturbed(log_both));
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

TEST(other_files_among_the_rings_are_left_alone) {
  const Scene scene;
  put_content(scene.rings() + "/notes.txt", "x");
  put_content(scene.rings() + "/other.ring", "x");
  fs::create_directory(scene.rings() + "/tickertape-1-2-3-0.ring");
  fs::create_symlink("/etc/passwd", scene.rings() + "/tickertape-1-2-3-1.ring");
  CHECK_EQ(mkfifo((scene.rings() + "/tickertape-1-2-3-2.ring").c_str(), 0600), 0);
  CHECK_EQ(in_child([] { recover_rings(""); }), 0);
  CHECK_EQ(entries_of(scene.rings()).size(), std::size_t{5});
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
