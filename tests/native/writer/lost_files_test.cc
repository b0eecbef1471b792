// Files that somebody deletes or cuts off while they are written to, also where the process dies then.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "recovery/orphaned_rings.h"
#include "recovery/recovery.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;

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
    const std::vector<Notice> notices = writer.backend().notices().take();
    CHECK_EQ(notices.size(), std::size_t{1});
    CHECK(notices.at(0).text.find("'" + first + "' was deleted by somebody") == 0);
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
    CHECK(writer.backend().notices().take().at(0).text.find("was cut off by somebody") != std::string::npos);
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

// The ring's file goes while its process lives (a cleaner of temporary files, RemoveIPC at logout).
TEST(a_deleted_ring_is_moved_and_a_death_afterwards_loses_nothing) {
  for (const bool with_directory : {false, true}) {
    for (const bool is_renamed : {false, true}) {
      const Scene scene;
      const int status = in_child([&] {
        EventFileWriter writer(scene.logs());
        Notices& notices = writer.backend().notices();
        log_scalars(writer, 0, 100);
        writer.flush();
        // Each in one step: the backend moves the ring as soon as it sees the first, and says so once.
        const std::string gone = scene.rings() + (with_directory ? "_gone" : "/gone.ring");
        fs::rename(with_directory ? scene.rings() : scene.ring(), gone);
        if (!is_renamed) fs::remove_all(gone);
        log_scalars(writer, 100, 200);
        while (!notices.any()) std::this_thread::yield();
        const std::vector<Notice> said = notices.take();
        CHECK_EQ(said.size(), std::size_t{1});
        CHECK(said.at(0).text.find("was deleted or renamed by somebody; it was moved to") !=
              std::string::npos);
        // Nothing of this gets into the file before the process dies.
        limit_file_size(fs::file_size(writer.path()));
        log_scalars(writer, 200, 20'000);
        CHECK(!notices.any() || notices.take().at(0).text.find("op ring") == std::string::npos);
        die();
      });
      CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
      recover_rings(scene.logs());
      CHECK(behind_opening(scene.file()) == scalars_from_to(0, 20'000));
    }
  }
}

// Daemons close all descriptors that they have not opened. The program then opens a file of its own, which
// gets the number that the event file had.
TEST(descriptors_that_the_program_closes_and_uses_again) {
  static const std::string kText(std::size_t{1} << 20, 'x');
  const Scene scene;
  const std::string own = scene.logs() + "/own";
  for (const bool is_used_again : {false, true}) {
    const Scene each;
    const int status = in_child([&] {
      EventFileWriter writer(each.logs());
      log_scalars(writer, 0, 100);
      writer.flush();
      const std::string file = writer.path();
      for (int descriptor = 3; descriptor < 1024; ++descriptor) close(descriptor);
      fs::create_directories(scene.logs());
      std::vector<int> theirs;
      for (int i = 0; is_used_again && i < 20; ++i)
        theirs.push_back(open(own.c_str(), O_RDWR | O_CREAT | O_APPEND, 0600));
      log_scalars(writer, 100, 10'000);
      CHECK_EQ(writer.file()->sync(), 0);
      CHECK_EQ(writer.path(), file);
      // More than the ring has memory for: it grows by its descriptor.
      for (int i = 0; i < 8; ++i) writer.add_message(OpKind::kEvent, as_bytes(kText), 10'000, 1.0);
      CHECK_EQ(writer.close(), 0);
      for (const int descriptor : theirs) CHECK(fcntl(descriptor, F_GETFD) >= 0);
      if (is_used_again) CHECK_EQ(fs::file_size(own), std::uintmax_t{0});
    });
    CHECK_EQ(status, 0);
    recover_rings(each.logs());  // the child left by _exit()
    const std::string expected = undisturbed([&](EventFileWriter& writer) {
      log_scalars(writer, 0, 10'000);
      for (int i = 0; i < 8; ++i) writer.add_message(OpKind::kEvent, as_bytes(kText), 10'000, 1.0);
    });
    CHECK(behind_opening(each.file()) == expected);
    if (is_used_again) CHECK_EQ(fs::file_size(own), std::uintmax_t{0});
  }
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
