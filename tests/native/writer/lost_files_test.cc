// Files that somebody deletes or cuts off while they are written to, also where the process dies then.
#include <filesystem>
#include <string>
#include <vector>

#include "recovery/orphaned_rings.h"
#include "recovery/recovery.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;

void log_scalars(EventFileWriter& writer, std::int64_t from, std::int64_t to) {
  for (std::int64_t step = from; step < to; ++step) writer.add_scalar("s", 1, step, 1.0);
}

std::string scalars_from_to(std::int64_t from, std::int64_t to) {
  return undisturbed([&](EventFileWriter& writer) { log_scalars(writer, from, to); });
}

std::uint64_t files_renewed(EventFileWriter& writer) {
  return writer.backend().counters().files_renewed.load();
}

TEST(a_deleted_directory_is_made_again_with_a_new_file) {
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    const std::string first = writer.path();
    log_scalars(writer, 0, 100);
    writer.flush();
    fs::remove_all(scene.logs());
    log_scalars(writer, 100, 200);
    CHECK_EQ(writer.flush(), 0);
    CHECK(writer.path() != first);
    CHECK_EQ(files_renewed(writer), std::uint64_t{1});
    const std::vector<std::string> notices = writer.backend().notices().take();
    CHECK_EQ(notices.size(), std::size_t{1});
    CHECK(notices.at(0).find("'" + first + "' was deleted by somebody") == 0);
    log_scalars(writer, 200, 300);
  });
  CHECK_EQ(status, 0);
  recover_rings(scene.logs());  // the child left by _exit()
  CHECK(behind_opening(scene.file()) == scalars_from_to(100, 300));
}

TEST(a_file_that_was_cut_off_is_left_alone_from_then_on) {
  const Scene scene;
  std::string cut;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    log_scalars(writer, 0, 100);
    writer.flush();
    fs::resize_file(writer.path(), 1000);
    log_scalars(writer, 100, 200);
    CHECK_EQ(writer.flush(), 0);
    CHECK(writer.backend().notices().take().at(0).find("was cut off by somebody") != std::string::npos);
  });
  CHECK_EQ(status, 0);
  const std::vector<std::string> files = entries_of(scene.logs());
  CHECK_EQ(files.size(), std::size_t{2});
  CHECK_EQ(fs::file_size(files.at(0)), std::uintmax_t{1000});
  CHECK(behind_opening(files.at(1)) == scalars_from_to(100, 200));
}

TEST(a_renamed_directory_is_followed) {
  const Scene scene;
  const std::string moved = scene.logs() + "_moved";
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    log_scalars(writer, 0, 100);
    writer.flush();
    fs::rename(scene.logs(), moved);
    log_scalars(writer, 100, 200);
    CHECK_EQ(writer.flush(), 0);
    CHECK_EQ(files_renewed(writer), std::uint64_t{0});
  });
  CHECK_EQ(status, 0);
  CHECK(behind_opening(entries_of(moved).at(0)) == scalars_from_to(0, 200));
}

TEST(while_the_directory_cannot_be_made_again_events_wait) {
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    fs::remove_all(scene.logs());
    put_content(scene.logs(), "in the way");
    log_scalars(writer, 0, 100);
    CHECK(writer.flush() != 0);
    fs::remove(scene.logs());
    CHECK_EQ(writer.flush(), 0);
  });
  CHECK_EQ(status, 0);
  CHECK(behind_opening(scene.file()) == scalars_from_to(0, 100));
}

TEST(recovery_finds_the_new_file) {
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    log_scalars(writer, 0, 100);
    writer.flush();
    fs::remove_all(scene.logs());
    log_scalars(writer, 100, 200);
    writer.flush();
    // Three bytes of the next event still go into the file, the rest stays in the ring.
    limit_file_size(fs::file_size(writer.path()) + 3);
    log_scalars(writer, 200, 300);
    CHECK(writer.flush() != 0);
    die();
  });
  CHECK(WIFSIGNALED(status));
  CHECK_EQ(entries_of(scene.logs()).size(), std::size_t{1});
  recover_rings(scene.logs());
  CHECK(behind_opening(scene.file()) == scalars_from_to(100, 300));
  CHECK(entries_of(scene.rings()).empty());
}

TEST(an_opening_that_fails_leaves_no_file) {
  const Scene scene;
  const int status = in_child([&] {
    limit_file_size(0);
    CHECK_THROWS(IoError, EventFileWriter(scene.logs()));
    CHECK(entries_of(scene.logs()).empty());
  });
  CHECK_EQ(status, 0);
}

}  // namespace
}  // namespace tickertape

#endif

TEST_MAIN()
