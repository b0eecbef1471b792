// Rings of other layouts, versions, users, machines and boots, and files that are no rings.
#include <sys/stat.h>

#include <cstddef>
#include <string>

#include "base/version.h"
#include "recovery/recovery.h"
#include "recovery/saved_ring.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;
using ring_layout::RingHeader;

TEST(other_layouts_and_users_are_refused_with_a_reason) {
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

TEST(rings_that_hold_nothing_are_removed) {
  const Scene scene;
  const std::string zeros = scene.rings() + "/tickertape-1-2-3-0.ring";
  const std::string nothing = scene.rings() + "/tickertape-1-2-3-1.ring";
  put_content(zeros, std::string(8192, '\0'));
  put_content(nothing, "");
  recover_rings("");
  CHECK(fs::exists(zeros) && fs::exists(nothing));  // a process may be making them
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
  // The first writer of any process removes it.
  in_child([&] {
    EventFileWriter writer(scene.logs() + "/new");
    CHECK_EQ(entries_of(scene.rings()).size(), std::size_t{1});
    die();
  });
}

TEST(what_is_no_ring_is_skipped_with_one_message_each) {
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

TEST(a_ring_file_in_a_log_directory_is_ignored) {
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
