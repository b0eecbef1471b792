// A ring whose file somebody cuts off while its process logs: no SIGBUS ends the process, what is lost is
// counted, and everything that is accepted afterwards is kept.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/os/mapping.h"
#include "recovery/orphaned_rings.h"
#include "recovery/recovery.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

#if defined(__SANITIZE_ADDRESS__)
// AddressSanitizer would report SIGBUS and exit; here the signal must end the process, as it does without it.
extern "C" [[gnu::visibility("default")]] const char*
__asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "handle_sigbus=0";
}
#endif

namespace tickertape {
namespace {

using namespace test;

std::string wait_for_notice(EventFileWriter& writer, const char* text) {
  for (;;) {
    for (const Notice& notice : writer.backend().notices().take()) {
      if (notice.text.find(text) != std::string::npos) return notice.text;
    }
    std::this_thread::yield();
  }
}

void wait_until_moved(const Scene& scene, EventFileWriter& writer, const std::string& old_path) {
  while (entries_of(scene.rings()).size() != 1 || entries_of(scene.rings()).at(0) == old_path)
    std::this_thread::yield();
  CHECK(writer.backend().notices().take().empty());
}

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

// --- Handlers of the program

volatile sig_atomic_t calls = 0;
std::uint8_t* own_page = nullptr;

// Mends the fault in `own_page`, as a library that maps files does.
void on_own_fault(int, siginfo_t* signal, void*) {
  calls = calls + 1;
  if (signal->si_addr != own_page) _exit(77);
  mmap(own_page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

void install(void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action{};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

// A page behind the end of a file.
std::uint8_t* make_fault(const Scene& scene) {
  put_content(scene.logs() + ".own", "");
  const int file = open((scene.logs() + ".own").c_str(), O_RDWR);
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return static_cast<std::uint8_t*>(page);
}

TEST(a_handler_of_the_program_gets_the_faults_that_are_not_ours) {
  const Scene scene;
  const int status = in_child([&] {
    install(on_own_fault);
    EventFileWriter writer(scene.logs());
    for (int round = 1; round <= 3; ++round) {
      own_page = make_fault(scene);
      *own_page = 1;
      CHECK_EQ(static_cast<int>(calls), round);
      const std::string ring = scene.ring();
      fs::resize_file(ring, 0);
      log_scalars(writer, 0, 100);
      wait_for_notice(writer, "was cut off by somebody");
      while (entries_of(scene.rings()).size() != 1 || scene.ring() == ring) std::this_thread::yield();
      CHECK_EQ(static_cast<int>(calls), round);
    }
  });
  CHECK_EQ(status, 0);
}

struct sigaction before_theirs;

// Prints something, puts back what was there before it, and raises the signal again, as faulthandler does.
void report_and_raise(int number) {
  calls = calls + 1;
  sigaction(number, &before_theirs, nullptr);
  raise(number);
}

TEST(a_handler_that_is_installed_later_and_raises_the_signal_again) {
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    struct sigaction theirs{};
    theirs.sa_handler = report_and_raise;
    theirs.sa_flags = SA_NODEFER;
    sigaction(SIGBUS, &theirs, &before_theirs);
    fs::resize_file(scene.ring(), 0);
    log_scalars(writer, 0, 100);
    CHECK(calls <= 1);  // 0 if the drainer has put our handler in front of theirs meanwhile
    wait_for_notice(writer, "was cut off by somebody");
  });
  CHECK_EQ(status, 0);
}

TEST(without_a_handler_a_fault_that_is_not_ours_ends_the_process) {
  for (const bool is_sent : {false, true}) {
    for (const bool later : {false, true}) {
      const Scene scene;
      const int status = in_child([&] {
        EventFileWriter writer(scene.logs());
        if (later) {
          struct sigaction theirs{};
          theirs.sa_handler = report_and_raise;
          theirs.sa_flags = SA_NODEFER;
          sigaction(SIGBUS, &theirs, &before_theirs);
        }
        if (is_sent) raise(SIGBUS);
        own_page = make_fault(scene);
        *own_page = 1;
      });
      CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    }
  }
}

// Waits until `handler` is not the first that gets SIGBUS any more.
void wait_until_replaced(void (*handler)(int)) {
  struct sigaction present{};
  do {
    std::this_thread::yield();
    sigaction(SIGBUS, nullptr, &present);
  } while (present.sa_handler == handler);
}

void do_nothing(int) {}

TEST(our_handler_comes_back_if_the_program_replaces_it) {
  for (void (*const replacement)(int) : {SIG_DFL, SIG_IGN, &do_nothing}) {
    for (const bool had_handler : {false, true}) {
      const Scene scene;
      const int status = in_child([&] {
        if (had_handler) install(on_own_fault);
        EventFileWriter writer(scene.logs());
        for (int round = 0; round < 3; ++round) {
          std::signal(SIGBUS, replacement);
          wait_until_replaced(replacement);
          const std::string ring = scene.ring();
          fs::resize_file(ring, 0);
          log_scalars(writer, 0, 100);
          wait_for_notice(writer, "was cut off by somebody");
          wait_until_moved(scene, writer, ring);
        }
      });
      CHECK_EQ(status, 0);
    }
  }
}

struct sigaction before_caller;

// Calls what was there before it, as a library does with faults that are not its own.
void call_previous(int number, siginfo_t* signal, void* context) {
  calls = calls + 1;
  if (calls > 100) _exit(77);
  if ((before_caller.sa_flags & SA_SIGINFO) != 0) return before_caller.sa_sigaction(number, signal, context);
  std::signal(number, SIG_DFL);
}

// Puts back what was there before it and raises the signal again, as often as it is called.
void raise_to_previous(int number, siginfo_t*, void*) {
  calls = calls + 1;
  if (calls > 100) _exit(77);
  sigaction(number, &before_caller, nullptr);
  raise(number);
}

TEST(handlers_that_call_each_other_come_to_an_end) {
  for (void (*const theirs)(int, siginfo_t*, void*) : {&call_previous, &raise_to_previous}) {
    for (int times = 1; times <= 3; ++times) {
      for (const bool is_sent : {false, true}) {
        const Scene scene;
        const int status = in_child([&] {
          EventFileWriter writer(scene.logs());
          struct sigaction action{};
          action.sa_sigaction = theirs;
          action.sa_flags = SA_SIGINFO | SA_NODEFER;
          for (int time = 0; time < times; ++time) {
            sigaction(SIGBUS, &action, &before_caller);
            wait_until_replaced(action.sa_handler);
          }
          if (is_sent) kill(getpid(), SIGBUS);
          own_page = make_fault(scene);
          *own_page = 1;
        });
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
      }
    }
  }
}

TEST(a_sigbus_that_somebody_sends_after_a_cut_ends_the_process) {
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    fs::resize_file(scene.ring(), 0);
    log_scalars(writer, 0, 100);
    kill(getpid(), SIGBUS);
  });
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

TEST(a_forked_child_does_not_take_its_own_memory_for_the_ring) {
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    std::uint8_t* const address = writer.backend().ring().mapping().data();
    const int child = in_child([&] {
      put_content(scene.logs() + ".own", "");
      const int file = open((scene.logs() + ".own").c_str(), O_RDWR);
      own_page = static_cast<std::uint8_t*>(mmap(address, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
      CHECK(own_page == address);
      *own_page = 1;
    });
    CHECK(WIFSIGNALED(child) && WTERMSIG(child) == SIGBUS);
  });
  CHECK_EQ(status, 0);
}

}  // namespace
}  // namespace tickertape

#endif

TEST_MAIN()
