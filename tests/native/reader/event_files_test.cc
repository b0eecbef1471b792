// The search of a log directory: many directories, links and cycles, as std::filesystem finds them; and its
// end.
#include "reader/event_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/os/process.h"
#include "check.h"

namespace tickertape {
namespace {

namespace fs = std::filesystem;

class Tree {
 public:
  Tree() { fs::create_directories(top_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() { fs::remove_all(top_); }

  const fs::path& top() const { return top_; }
  void add(const std::string& name) const {
    fs::create_directories((top_ / name).parent_path());
    std::ofstream(top_ / name) << "x";
  }
  // More directories than one thread lists alone, in three levels, with files that do not count.
  void add_many() const {
    for (int i = 0; i < 1'000; ++i) {
      const std::string run =
          "a" + std::to_string(i % 3) + "/b" + std::to_string(i % 100) + "/run" + std::to_string(i);
      add(run + "/events.out.tfevents.1");
      add(run + "/model.pt");
      if (i % 10 == 0) add(run + "/events.out.tfevents.2.gz");
      if (i % 7 == 0) fs::create_directories(top_ / run / "empty");
    }
  }

 private:
  fs::path top_ = fs::temp_directory_path() / ("tickertape_search_" + std::to_string(process_id()));
};

std::set<std::string> found_in(const fs::path& top, const SearchLimits& limits = {}) {
  std::set<std::string> all;
  std::size_t count = 0;
  for (const EventFolder& folder : find_event_folders(top.generic_string(), limits)) {
    for (const std::string& name : folder.names) all.insert(folder.path + "/" + name);
    count += folder.names.size();
  }
  CHECK_EQ(all.size(), count);  // none twice
  return all;
}

TEST(every_event_file_of_many_directories_is_found) {
  const Tree tree;
  tree.add_many();
  std::set<std::string> expected;
  for (const auto& entry : fs::recursive_directory_iterator(tree.top())) {
    if (entry.is_regular_file() && entry.path().filename().string().starts_with("events"))
      expected.insert(entry.path().generic_string());
  }
  CHECK_EQ(expected.size(), std::size_t{1'100});
  CHECK(found_in(tree.top()) == expected);
}

#if !defined(_WIN32)  // where links need a privilege, and wine makes none
TEST(links_are_followed_but_not_to_a_directory_above) {
  const Tree tree;
  tree.add_many();
  const std::size_t before = found_in(tree.top()).size();
  fs::create_directory_symlink(tree.top(), tree.top() / "a0" / "up");
  fs::create_directory_symlink(".", tree.top() / "a1" / "here");
  CHECK_EQ(found_in(tree.top()).size(), before);
  fs::create_directory_symlink(tree.top() / "a2", tree.top() / "again");
  CHECK(found_in(tree.top()).size() > before);
}
#endif

TEST(a_search_ends_when_it_is_interrupted) {
  const Tree tree;
  tree.add_many();
  int asked = 0;
  SearchLimits limits;
  limits.is_interrupted = [&asked] { return ++asked == 1; };
  CHECK_THROWS(Interrupted, find_event_folders(tree.top().string(), limits));
  CHECK_EQ(asked, 1);
}

TEST(limits_hold_exactly) {
  const Tree tree;
  tree.add_many();
  SearchLimits limits;
  limits.most_folders = 3;
  CHECK_EQ(find_event_folders(tree.top().string(), limits).size(), std::size_t{3});
}

TEST(what_is_not_there_has_no_event_files) { CHECK(find_event_folders("/nowhere/at/all", {}).empty()); }

}  // namespace
}  // namespace tickertape

TEST_MAIN()
