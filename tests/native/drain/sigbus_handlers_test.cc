// SIGBUS where a ring was cut off, next to the program's own handlers of the signal.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>

#include "base/os/mapping.h"
#include "drain/cut_ring.h"
#include "recovery/orphaned_rings.h"

// TSan does not follow threads started after a fork, and every test here needs them.
#if !defined(__SANITIZE_THREAD__)

namespace tickertape {
namespace {

using namespace test;

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
