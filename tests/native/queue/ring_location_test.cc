// Where rings are put: the order of the places, and directories that are refused.
#include "queue/ring_location.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "check.h"

namespace tickertape {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSize = std::size_t{16} << 20;

class TestDirectory {
 public:
  TestDirectory() {
    std::string name = (fs::temp_directory_path() / "tickertape_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TestDirectory() {
    unsetenv("TICKERTAPE_RING_DIR");
    fs::remove_all(path_);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Where a ring goes with TICKERTAPE_RING_DIR=`chosen`, and the notices about it.
std::string place_at(const std::string& chosen, std::string& notice) {
  setenv("TICKERTAPE_RING_DIR", chosen.c_str(), 1);
  Notices notices;
  const SharedMapping mapping = place_ring(kSize, ring_directory_paths(), notices);
  const std::vector<Notice> texts = notices.take();
  CHECK(texts.size() <= 1);
  notice = texts.empty() ? "" : texts[0].text;
  return mapping.is_file() ? fs::path(mapping.path()).parent_path().string() : "";
}

TEST(the_chosen_directory_is_made_private_and_used) {
  const TestDirectory directory;
  std::string notice;
  CHECK_EQ(place_at(directory.path() + "/rings//", notice), directory.path() + "/rings");
  CHECK_EQ(notice, "");
  struct stat status;
  CHECK_EQ(stat((directory.path() + "/rings").c_str(), &status), 0);
  CHECK_EQ(status.st_mode & 0777, mode_t{0700});
  CHECK_EQ(rings_in(directory.path() + "/rings").size(), std::size_t{1});
}

TEST(a_directory_that_others_control_is_refused_with_a_reason) {
  const TestDirectory directory;
  const std::string real = directory.path() + "/real", link = directory.path() + "/link",
                    file = directory.path() + "/file", open_to_all = directory.path() + "/open";
  fs::create_directory(real);
  fs::permissions(real, fs::perms::owner_all);
  fs::create_symlink(real, link);
  std::ofstream(file) << "x";
  fs::create_directory(open_to_all);
  fs::permissions(open_to_all, fs::perms::all);
  const struct {
    std::string path, reason;
  } cases[] = {{link, "symbolic link"},
               {link + "/", "symbolic link"},
               {link + "//", "symbolic link"},
               {file, "not a directory"},
               {open_to_all, "others can write"},
               {file + "/rings", "Not a dir"},
               {directory.path() + "/a/b", "No such file"}};
  for (const auto& each : cases) {
    std::string notice;
    CHECK_EQ(place_at(each.path, notice), "");
    CHECK(notice.find(each.reason) != std::string::npos);
    CHECK(notice.find("is lost if the process is killed") != std::string::npos);
    CHECK(ring_directories().at(0).problem.empty() == (each.reason == "No such file"));
  }
  CHECK(fs::is_empty(real));
}

TEST(recovery_does_not_look_around_a_ring_whose_directory_was_changed) {
  const TestDirectory directory;
  const std::string rings = directory.path() + "/rings", ring = rings + "/a.ring";
  CHECK_EQ(problem_around(ring), "");  // there is no such directory, so no such ring
  fs::create_directory(rings);
  fs::permissions(rings, fs::perms::owner_all);
  CHECK_EQ(problem_around(ring), "");
  fs::permissions(rings, fs::perms::all);
  CHECK(problem_around(ring).find("others can write to it; run `chmod 700 '" + rings + "'`") !=
        std::string::npos);
  CHECK(problem_around(ring).find("remove") == std::string::npos);
  fs::permissions(rings, fs::perms::owner_all);
  fs::rename(rings, directory.path() + "/real");
  fs::create_directory_symlink(directory.path() + "/real", rings);
  CHECK(problem_around(ring).find("it is a symbolic link; remove the link") != std::string::npos);
}

TEST(a_directory_of_another_user_is_refused) {
  if (geteuid() != 0) return;
  const TestDirectory directory;
  const std::string theirs = directory.path() + "/theirs";
  fs::create_directory(theirs);
  fs::permissions(theirs, fs::perms::owner_all);
  CHECK_EQ(chown(theirs.c_str(), 4711, 4711), 0);
  std::string notice;
  CHECK_EQ(place_at(theirs, notice), "");
  CHECK(notice.find("belongs to user 4711") != std::string::npos);
  CHECK(notice.find("TICKERTAPE_RING_DIR") != std::string::npos);
}

TEST(the_places_without_a_choice_are_shared_memory_run_time_and_temporary_directory) {
  unsetenv("TICKERTAPE_RING_DIR");
  setenv("XDG_RUNTIME_DIR", "/run/user/1/", 1);
  setenv("TMPDIR", "/scratch/", 1);
  const std::string name = "tickertape-" + std::to_string(geteuid());
  std::vector<std::string> paths;
  for (const RingDirectory& directory : ring_directories()) paths.push_back(directory.path);
  CHECK(paths ==
        std::vector<std::string>({"/dev/shm/" + name, "/run/user/1/tickertape", "/scratch/" + name}));
  setenv("XDG_RUNTIME_DIR", "relative", 1);
  unsetenv("TMPDIR");
  paths.clear();
  for (const RingDirectory& directory : ring_directories()) paths.push_back(directory.path);
  CHECK(paths == std::vector<std::string>({"/dev/shm/" + name, "/tmp/" + name}));
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
