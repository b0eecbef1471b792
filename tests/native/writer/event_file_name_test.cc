// Names of event files: torch's shape, and sorted in the order in which they were asked for.
#include "writer/event_file_name.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "base/os/process.h"
#include "check.h"

namespace tickertape {
namespace {

constexpr long long kNow = 1'700'000'000;

TEST(names_have_torchs_shape) {
  const std::string path = event_file_path("/logs", ".mine");
  const std::regex shape("/logs/events\\.out\\.tfevents\\.[0-9]{10}\\..+\\.[0-9]+\\.[0-9]{6}\\.mine");
  CHECK(std::regex_match(path, shape));
  CHECK(path.find("." + host_name() + "." + std::to_string(process_id()) + ".") != std::string::npos);
}

TEST(names_sort_in_the_order_of_their_making) {
  std::vector<std::string> names;
  for (int i = 0; i < 3000; ++i) names.push_back(next_event_file_name(kNow));
  for (const long long now : {kNow + 5, kNow - 100, kNow, kNow + 4, kNow + 6, 3LL})
    names.push_back(next_event_file_name(now));
  CHECK(std::is_sorted(names.begin(), names.end()));
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST(names_sort_when_the_numbers_start_over) {
  std::string last = next_event_file_name(kNow);
  std::size_t wrong = 0;
  for (int i = 0; i < 1'000'010; ++i) {
    std::string next = next_event_file_name(kNow);
    wrong += next > last ? 0 : 1;
    last = std::move(next);
  }
  CHECK_EQ(wrong, std::size_t{0});
}

TEST(names_of_threads_differ) {
  std::vector<std::string> names[4];
  std::vector<std::thread> threads;
  for (auto& mine : names) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 500; ++i) mine.push_back(next_event_file_name(kNow));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::string> all;
  for (const auto& mine : names) {
    CHECK(std::is_sorted(mine.begin(), mine.end()));
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

// A child's id may sort before its parent's ("10000" before "9999"), also in a child of a child.
TEST(names_of_a_forked_child_sort_behind_its_parents) {
  std::string last = next_event_file_name(kNow);
  for (int generation = 0; generation < 40; ++generation) {
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      const std::string name = next_event_file_name(kNow);
      _exit(write(ends[1], name.data(), name.size()) == static_cast<ssize_t>(name.size()) ? 0 : 1);
    }
    char text[512];
    const ssize_t size = read(ends[0], text, sizeof text);
    CHECK(size > 0 && std::string(text, static_cast<std::size_t>(size)) > last);
    waitpid(child, nullptr, 0);
    close(ends[0]);
    close(ends[1]);
    last = next_event_file_name(kNow);
  }
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
