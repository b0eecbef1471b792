// Rings with damage: garbage in any field, flipped bytes, cut off anywhere.
#include <sys/stat.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include "queue/ring_location.h"
#include "recovery/recovery.h"
#include "recovery/saved_ring.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;
using ring_layout::RingHeader;

// Recovery ends by itself, whatever it finds, and leaves the event file readable.
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

TEST(what_can_be_read_of_a_damaged_ring_is_recovered) {
  const Original original(0);
  original.put_back();
  const auto ring_offset = original.at<std::uint64_t>(offsetof(RingHeader, ring_offset));
  const auto tail = original.at<std::uint64_t>(offsetof(RingHeader, tail));
  // The third held op gets a kind that does not exist.
  original.patch(ring_offset + tail + 2 * sizeof(ring_layout::OpHeader) + 1, std::uint8_t{77});
  const RecoveryReport report = recover_rings("");
  CHECK_EQ(report.rings.at(0).events(), std::uint64_t{2});
  CHECK(report.rings.at(0).problem.find("it is damaged at byte") != std::string::npos);
  CHECK(fs::exists(original.ring + ".damaged"));
  CHECK(recover_rings("").rings.empty());
}

// The log found no memory for its first name, so everything was in its file before it was acknowledged. Found
// by recovery_fuzz: such a ring belongs to no writer, and was never removed.
TEST(a_ring_without_names_is_removed) {
  const Original original(0);
  original.put_back();
  const std::string before = content_of(original.file);
  const auto names_offset = original.at<std::uint64_t>(offsetof(RingHeader, names_offset));
  original.patch(offsetof(RingHeader, names_used), std::uint64_t{0});
  original.patch(names_offset, std::uint64_t{0});
  CHECK(recover_rings("").rings.at(0).is_removed);
  CHECK(!fs::exists(original.ring));
  CHECK(content_of(original.file) == before);
}

// What recovery says of a ring that it may not remove, however old.
RingReport refused(const Original& original) {
  const timespec old[2] = {{1000, 0}, {1000, 0}};
  utimensat(AT_FDCWD, original.ring.c_str(), old, 0);
  const RecoveryReport report = recover_rings("");
  CHECK_EQ(report.rings.size(), std::size_t{1});
  CHECK(fs::exists(original.ring) || fs::exists(original.ring + kDamagedSuffix));
  CHECK(!report.rings.at(0).is_removed);
  CHECK(!report.rings.at(0).words().empty());
  return report.rings.at(0);
}

TEST(a_header_that_says_nothing_is_there_while_something_is_removes_nothing) {
  const Original original(0);
  original.put_back();
  original.patch(offsetof(RingHeader, magic), std::uint64_t{0});
  CHECK_EQ(refused(original).problem, std::string("its header is damaged"));
  original.put_back();
  original.patch(offsetof(RingHeader, names_used), std::uint64_t{0});
  CHECK_EQ(refused(original).problem, std::string("its name log is damaged"));
}

TEST(places_that_overlap_are_refused) {
  const Original original(0);
  const auto refuses = [&](std::uint64_t field, std::uint64_t value) {
    original.put_back();
    original.patch(field, value);
    CHECK_EQ(refused(original).problem, std::string("its header is damaged"));
  };
  original.put_back();
  const auto capacity = original.at<std::uint64_t>(offsetof(RingHeader, ring_capacity));
  const auto slots = original.at<std::uint64_t>(offsetof(RingHeader, slots_offset));
  refuses(offsetof(RingHeader, ring_capacity), capacity / 2);
  refuses(offsetof(RingHeader, slots_offset), 0);
  refuses(offsetof(RingHeader, names_offset), slots);
  refuses(offsetof(RingHeader, ring_offset), slots);
  refuses(offsetof(RingHeader, names_capacity), 8);
  refuses(offsetof(RingHeader, names_capacity), std::uint64_t{1} << 40);
}

TEST(a_commit_record_that_cannot_be_true_costs_its_own_file_and_is_told) {
  const Original original(0);
  using ring_layout::CommitSlot;
  const auto damage = [&](std::size_t field, std::uint64_t value) {
    original.put_back();
    const auto slots = original.at<std::uint64_t>(offsetof(RingHeader, slots_offset));
    const auto sequence = original.at<std::uint64_t>(slots);
    original.patch(slots + offsetof(CommitSlot, record) + (sequence & 1) * sizeof(CommitSlot::Record) + field,
                   value);
    const std::string before = content_of(original.file);
    const RingReport report = refused(original);
    CHECK(fs::exists(original.ring + kDamagedSuffix));
    CHECK_EQ(report.events_unread, kHeldOps);
    CHECK(report.problem.find("commit record of '" + original.file + "' is damaged") != std::string::npos);
    CHECK(content_of(original.file) == before);
  };
  damage(offsetof(CommitSlot::Record, position), std::uint64_t{1} << 40);
  damage(offsetof(CommitSlot::Record, position), 7);
  damage(offsetof(CommitSlot::Record, file_size), 0);
  damage(offsetof(CommitSlot::Record, file_size), std::uint64_t{1} << 60);
  damage(offsetof(CommitSlot::Record, file_number), 7);
  // Also for who names the directory.
  original.put_back();
  const auto slots = original.at<std::uint64_t>(offsetof(RingHeader, slots_offset));
  const auto sequence = original.at<std::uint64_t>(slots);
  original.patch(slots + offsetof(CommitSlot, record) + (sequence & 1) * sizeof(CommitSlot::Record) +
                     offsetof(CommitSlot::Record, file_number),
                 std::uint64_t{7});
  CHECK_EQ(recover_rings(original.scene.logs()).rings.at(0).events_unread, kHeldOps);
}

TEST(an_op_with_an_unknown_name_is_damage_and_what_follows_is_counted) {
  const Original original(0);
  original.put_back();
  const auto ring_offset = original.at<std::uint64_t>(offsetof(RingHeader, ring_offset));
  const auto tail = original.at<std::uint64_t>(offsetof(RingHeader, tail));
  original.patch(
      ring_offset + tail + 2 * sizeof(ring_layout::OpHeader) + offsetof(ring_layout::OpHeader, name),
      std::uint32_t{99});
  const RingReport report = refused(original);
  CHECK_EQ(report.events(), std::uint64_t{2});
  CHECK_EQ(report.events_unread, kHeldOps - 2);
  CHECK(report.problem.find("48 events are not read") != std::string::npos);
}

TEST(a_damaged_ring_is_listed_and_can_be_discarded) {
  const Original original(0);
  original.put_back();
  const auto ring_offset = original.at<std::uint64_t>(offsetof(RingHeader, ring_offset));
  const auto tail = original.at<std::uint64_t>(offsetof(RingHeader, tail));
  original.patch(ring_offset + tail + 1, std::uint8_t{77});
  CHECK(recover_rings("").rings.at(0).problem.find("are not read") != std::string::npos);
  CHECK_EQ(damaged_rings().size(), std::size_t{1});
  CHECK_EQ(damaged_rings().at(0), original.ring + kDamagedSuffix);
  discard_ring(original.ring + kDamagedSuffix);
  CHECK(damaged_rings().empty());
}

// A name log with paths that leave their directory.
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

}  // namespace
}  // namespace tickertape

#endif

TEST_MAIN()
