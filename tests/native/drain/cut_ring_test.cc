// A ring whose file somebody cuts off while its process logs: no SIGBUS ends the process, what is lost is
// counted, and everything that is accepted afterwards is kept.
#include "drain/cut_ring.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
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

// Everything that was accepted is written or counted.
void check_counts(EventFileWriter& writer, std::uint64_t accepted) {
  const Counters& counters = writer.backend().counters();
  CHECK_EQ(counters.events_written.load() + counters.events_dropped.load(), accepted);
}

// Where the file ends then: 0, in the header, in the slots, in the names, and in the ring, whose size is that
// of Scene.
std::vector<std::uintmax_t> ends_of(const std::string& ring) {
  const std::uintmax_t whole = fs::file_size(ring);
  return {0, 1000, 4096, 300'000, whole / 2, whole - (std::uintmax_t{4} << 20) + 12'345};
}
constexpr std::size_t kEnds = 6;

TEST(a_ring_that_is_cut_off_between_calls) {
  for (std::size_t end = 0; end < kEnds; ++end) {
    const Scene scene;
    const int status = in_child([&] {
      EventFileWriter writer(scene.logs());
      log_scalars(writer, 0, 100);
      writer.flush();
      const std::string ring = scene.ring();
      fs::resize_file(ring, ends_of(ring).at(end));
      log_scalars(writer, 100, 1'100);  // all that can be queued when the cut is found
      CHECK(wait_for_notice(writer, "was cut off by somebody").find("'" + ring + "'") != std::string::npos);
      log_scalars(writer, 1'100, 20'000);
      CHECK_EQ(writer.flush(), 0);
      check_counts(writer, 20'000);
      wait_until_moved(scene, writer, ring);
      log_scalars(writer, 20'000, 30'000);
      CHECK_EQ(writer.close(), 0);
    });
    CHECK_EQ(status, 0);
    CHECK(behind_opening(scene.file()).ends_with(scalars_from_to(1'100, 30'000)));
    CHECK(behind_opening(scene.file()).find(scalars_from_to(0, 100)) == 0);
  }
}

// Nothing of what is queued gets into the file before the ring is cut off.
TEST(what_was_queued_is_lost_and_counted_and_what_follows_survives_kill_9) {
  for (std::size_t end = 0; end < kEnds; ++end) {
    const Scene scene;
    const int status = in_child([&] {
      EventFileWriter writer(scene.logs());
      log_scalars(writer, 0, 100);
      writer.flush();
      const std::string ring = scene.ring();
      limit_file_size(fs::file_size(writer.path()));
      log_scalars(writer, 100, 20'000);
      CHECK(writer.flush() != 0);
      fs::resize_file(ring, ends_of(ring).at(end));
      log_scalars(writer, 20'000, 20'001);
      wait_for_notice(writer, "was cut off by somebody");
      limit_file_size(RLIM_INFINITY);
      wait_until_moved(scene, writer, ring);
      CHECK_EQ(writer.flush(), 0);  // also writes what was encoded before the cut
      limit_file_size(fs::file_size(writer.path()));
      log_scalars(writer, 20'001, 40'000);
      die();
    });
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    const RecoveryReport report = recover_rings(scene.logs());
    CHECK(!has_word(report, "damaged"));
    CHECK(behind_opening(scene.file()).ends_with(scalars_from_to(20'001, 40'000)));
    CHECK(entries_of(scene.rings()).empty());
  }
}

constexpr int kThreads = 3;

// Thread `thread` logs a scalar at each step, and at some a histogram of equal values.
void log_step(EventFileWriter& writer, int thread, std::int64_t step) {
  const std::string tag = "thread" + std::to_string(thread);
  writer.add_scalar(tag, static_cast<double>(step % 1000 + 1), step, 1.0);
  if (step % 64 != 0) return;
  const std::vector<float> numbers(2000, static_cast<float>(step));
  HistogramOp histogram;
  const auto count = static_cast<std::ptrdiff_t>(numbers.size());
  const std::ptrdiff_t stride = sizeof(float);
  histogram.values.source = {numbers.data(), DType::kFloat32, 1, &count, &stride};
  writer.add(OpKind::kHistogram, tag + "h", histogram, step, 1.0);
}
std::uint64_t events_of_steps(std::int64_t steps) { return static_cast<std::uint64_t>(steps + steps / 64); }

// The records behind the opening.
std::vector<std::string> records_of(const std::string& all) {
  std::vector<std::string> records;
  for (std::size_t at = 0; at < all.size(); at += records.back().size()) {
    const auto length = load_le<std::uint64_t>(reinterpret_cast<const std::uint8_t*>(all.data()) + at);
    records.push_back(all.substr(at, length + record_format::kOverheadBytes));
  }
  return records;
}

// Each event in the file is what a thread has logged, in its order, and what is missing is counted.
TEST(a_ring_that_is_cut_off_again_and_again_while_threads_log) {
  constexpr int kCuts = 30;
  constexpr std::int64_t kStepsACut = 2000;
  constexpr std::int64_t kSteps = kCuts * kStepsACut + 1;  // the last one is logged after the last cut
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    std::atomic<std::int64_t> most{kStepsACut};
    std::atomic<std::int64_t> steps{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::int64_t step = 1; step <= kSteps; ++step) {
          while (step > most.load()) std::this_thread::yield();
          log_step(writer, thread, step);
          ++steps;
        }
      });
    }
    for (int cut = 0; cut < kCuts; ++cut) {
      while (steps.load() < (cut * kStepsACut + 700) * kThreads) std::this_thread::yield();
      const std::string ring = scene.ring();
      const std::uintmax_t whole = fs::file_size(ring);
      const std::uintmax_t in_ring = whole - (std::uintmax_t{4} << 20) + 40'000;
      fs::resize_file(ring, cut % 3 == 0   ? 0
                            : cut % 3 == 1 ? in_ring
                                           : whole / 7 * static_cast<unsigned>(cut % 7));
      if (cut + 1 < kCuts) most += kStepsACut;
      wait_for_notice(writer, "was cut off by somebody");
      while (entries_of(scene.rings()).size() != 1 || scene.ring() == ring) std::this_thread::yield();
    }
    CHECK_EQ(writer.flush(), 0);  // behind it the last cut has been dealt with
    ++most;
    for (std::thread& thread : threads) thread.join();
    CHECK_EQ(writer.flush(), 0);
    check_counts(writer, kThreads * events_of_steps(kSteps));
    CHECK_EQ(writer.backend().counters().internal_errors.load(), std::uint64_t{0});
    CHECK_EQ(writer.close(), 0);
  });
  CHECK_EQ(status, 0);
  std::map<std::string, std::size_t> expected[kThreads];
  for (int thread = 0; thread < kThreads; ++thread) {
    const std::string whole = undisturbed([&](EventFileWriter& writer) {
      for (std::int64_t step = 1; step <= kSteps; ++step) log_step(writer, thread, step);
    });
    for (const std::string& record : records_of(whole))
      expected[thread].emplace(record, expected[thread].size());
  }
  std::size_t next[kThreads] = {};
  for (const std::string& record : records_of(behind_opening(scene.file()))) {
    const std::size_t name = record.find("thread");
    CHECK(name != std::string::npos);
    if (name == std::string::npos) break;
    const int thread = record[name + 6] - '0';
    const auto found = expected[thread].find(record);
    CHECK(found != expected[thread].end() && found->second >= next[thread]);
    if (found == expected[thread].end()) break;
    next[thread] = found->second + 1;
  }
  for (int thread = 0; thread < kThreads; ++thread) CHECK_EQ(next[thread], expected[thread].size());
}

}  // namespace
}  // namespace tickertape

#endif

TEST_MAIN()
