// MappingGuard on POSIX systems; see mapping_guard.h. L0.
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/os/mapping_guard.h"
#include "base/os/posix_memory.h"

namespace tickertape {

namespace {

// Pages may be larger on some machines (64 KiB on aarch64).
const std::size_t kPage = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

// Threads that may be in a handler in front of ours for one and the same cut.
constexpr int kThreadsAtOnce = 4;

static_assert(sizeof(sigset_t) <= 128);

}  // namespace

MappingGuard::Busy::Busy(MappingGuard& guard) noexcept : guard_(guard) {
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  std::memcpy(saved_mask_, &old, sizeof old);
  // acquire: pairs with the destructor's store
  while (guard_.is_busy_.exchange(true, std::memory_order_acquire)) sched_yield();
}

MappingGuard::Busy::~Busy() {
  guard_.is_busy_.store(false, std::memory_order_release);
  sigset_t old;
  std::memcpy(&old, saved_mask_, sizeof old);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

// Replaces what is the file's from the place `from` of a page on; what is behind has been replaced before.
bool MappingGuard::replace_from(std::size_t from) noexcept {
  const std::size_t to = cut_from_.load(std::memory_order_relaxed);
  if (from >= to) return true;
  begun_.fetch_add(1, std::memory_order_seq_cst);  // before anybody can read a zero
  raise_alarm();                                   // who looks waits until this is done
  std::uint8_t* const start = data_.load(std::memory_order_relaxed) + from;
  const void* const there = mmap(start, to - from, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  const bool is_replaced = there != MAP_FAILED;
  if (is_replaced) {
    posix::keep_from_children(start, to - from);
    cut_from_.store(from, std::memory_order_release);
  }
  done_.fetch_add(1, std::memory_order_seq_cst);
  raises_excused_.store(kThreadsAtOnce, std::memory_order_relaxed);
  raise_alarm();
  return is_replaced;
}

void MappingGuard::raise_alarm() noexcept {
  if (std::atomic<std::uint64_t>* const alarm = alarm_.load(std::memory_order_acquire); alarm != nullptr)
    alarm->store(0, std::memory_order_relaxed);
}

// The place of the first page that is behind the file's end, if that of `page` is: all pages in front of it
// can be read.
std::size_t MappingGuard::end_of_file(std::size_t page) const noexcept {
  const std::uint8_t* const data = data_.load(std::memory_order_relaxed);
  std::size_t readable = 0, missing = page / kPage;  // counts of pages
  while (readable < missing) {
    const std::size_t middle = (readable + missing) / 2;
    if (posix::is_readable(data + middle * kPage)) {
      readable = middle + 1;
    } else {
      missing = middle;
    }
  }
  return missing * kPage;
}

bool MappingGuard::cut(std::size_t end) noexcept {
  const Busy busy(*this);
  // The page in which the file ends is whole again where something was cut before: what is stored there
  // stays.
  const bool is_first = !is_cut();
  const std::size_t from = (is_first ? end : end + kPage - 1) / kPage * kPage;
  if (from >= cut_from_.load(std::memory_order_relaxed)) return false;
  replace_from(from);  // without memory for that, what is missing is replaced when it is touched
  return true;
}

// --- The signal

namespace {

using Action = struct sigaction;
using Entry = void (*)(int, siginfo_t*, void*);

// How often a handler of the program may be found in front of ours until it stays there.
constexpr std::size_t kEntries = 16;

const Action kByDefault{};  // SIG_DFL is 0
const Action kIgnored = []() noexcept {
  Action action{};
  action.sa_handler = SIG_IGN;
  return action;
}();

bool has_function(const Action& action) {
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

}  // namespace

// A handler that was installed after ours may call ours, so ours must not call it in return: the two would
// never come to an end. Therefore ours has several entry points, and each calls what was there when it was
// installed. Whoever is in front of entry 0 can call nothing but entry 0, which calls nothing that came after
// it; entry 1 is in front of both.
struct MappingGuard::Handler {
  static inline std::atomic<MappingGuard*> guards{nullptr};     // a list that only grows
  static inline std::atomic<const Action*> previous[kEntries];  // acquire and release: keep() and pass_on()
  static inline std::atomic<std::size_t> entries_used{0};
  static inline std::atomic<int> keeper{0};  // the process in which a thread is in keep()

  static bool mend(const siginfo_t& signal) noexcept {
    const auto* const address = static_cast<const std::uint8_t*>(signal.si_addr);
    const int self = getpid();
    for (MappingGuard* guard = guards.load(std::memory_order_acquire); guard != nullptr;
         guard = guard->next_) {
      std::uint8_t* const data = guard->data_.load(std::memory_order_acquire);
      if (data == nullptr || guard->process_.load(std::memory_order_relaxed) != self) continue;
      const std::size_t size = guard->size_.load(std::memory_order_relaxed);
      if (posix::is_sent(signal)) {
        // Not the fault itself: a handler in front of this one (faulthandler) has raised the signal again.
        // If this returns, the fault comes again, or another thread has mended it by now.
        if (!posix::is_raised_here(signal, self)) continue;
        if (guard->is_cut() || !posix::is_readable(data + size - 1)) return true;
        if (guard->raises_excused_.fetch_sub(1, std::memory_order_relaxed) > 0) return true;
      } else if (signal.si_code == BUS_ADRERR && address >= data && address < data + size) {
        const Busy busy(*guard);
        // Readable: another thread has met the same, or the file has grown again.
        if (posix::is_readable(address)) return true;
        return guard->replace_from(guard->end_of_file(static_cast<std::size_t>(address - data)));
      }
    }
    return false;
  }

  static void pass_on(const Action& action, int number, siginfo_t* signal, void* context) noexcept {
    const bool is_sent = posix::is_sent(*signal);
    if (action.sa_handler == SIG_IGN && is_sent) return;
    if (has_function(action)) {
      if ((action.sa_flags & SA_SIGINFO) != 0) return action.sa_sigaction(number, signal, context);
      return action.sa_handler(number);
    }
    // As if this handler had never been: the process ends where the fault is, which comes again.
    sigaction(number, &kByDefault, nullptr);
    if (is_sent) raise(number);
  }

  template <std::size_t kEntry>
  static void on_signal(int number, siginfo_t* signal, void* context) noexcept {
    const int saved_errno = errno;
    if (!mend(*signal)) pass_on(*previous[kEntry].load(std::memory_order_acquire), number, signal, context);
    errno = saved_errno;
  }

  template <std::size_t... kNumbers>
  static std::array<Entry, kEntries> entry_points(std::index_sequence<kNumbers...> /*numbers*/) {
    return {on_signal<kNumbers>...};
  }

  static const std::array<Entry, kEntries>& entry_points() {
    static const std::array<Entry, kEntries> all = entry_points(std::make_index_sequence<kEntries>());
    return all;
  }

  // The program has installed `action` once more, so it may call any entry by now; entries that call it do so
  // no longer.
  static void skip(const Action& action, std::size_t entries) {
    for (std::size_t number = 0; number < entries; ++number) {
      if (previous[number].load(std::memory_order_relaxed)->sa_handler != action.sa_handler) continue;
      const Action* const before =
          number == 0 ? &kByDefault : previous[number - 1].load(std::memory_order_relaxed);
      previous[number].store(before, std::memory_order_release);
    }
  }

  // Puts ours in front. Throws std::bad_alloc.
  static void install() {
    Action present{};
    sigaction(SIGBUS, nullptr, &present);
    const std::array<Entry, kEntries>& ours = entry_points();
    if (std::find(ours.begin(), ours.end(), present.sa_sigaction) != ours.end()) return;
    std::size_t entry = entries_used.load(std::memory_order_relaxed);
    if (has_function(present)) {
      if (entry == kEntries) return;
      skip(present, entry);
      // Not freed: a handler may be looking at it.
      previous[entry].store(new Action(present), std::memory_order_release);
    } else {
      // Nobody behind the last entry can call it, so it is used again.
      if (entry != 0) --entry;
      previous[entry].store(present.sa_handler == SIG_IGN ? &kIgnored : &kByDefault,
                            std::memory_order_release);
    }
    Action action{};
    action.sa_sigaction = ours[entry];
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigfillset(&action.sa_mask);
    sigaction(SIGBUS, &action, nullptr);
    entries_used.store(entry + 1, std::memory_order_relaxed);
  }

  // install(), in one thread at a time; another one that comes meanwhile need not. A child that was forked
  // meanwhile is not held up.
  static void keep() {
    const int self = getpid();
    int holder = keeper.load(std::memory_order_relaxed);
    if (holder == self || !keeper.compare_exchange_strong(holder, self, std::memory_order_acquire)) return;
    try {
      install();
    } catch (...) {
      keeper.store(0, std::memory_order_release);
      throw;
    }
    keeper.store(0, std::memory_order_release);
  }
};

void MappingGuard::keep_handler() {
  // relaxed: a thread that does not see it yet looks again soon
  if (Handler::entries_used.load(std::memory_order_relaxed) != 0) Handler::keep();
}

MappingGuard* MappingGuard::watch(std::uint8_t* data, std::size_t size) {
  MappingGuard* guard = Handler::guards.load(std::memory_order_acquire);
  for (bool nobody = false; guard != nullptr; guard = guard->next_, nobody = false) {
    if (guard->is_used_.compare_exchange_strong(nobody, true)) break;
  }
  if (guard == nullptr) {
    guard = new MappingGuard;
    guard->next_ = Handler::guards.load(std::memory_order_relaxed);
    while (!Handler::guards.compare_exchange_weak(guard->next_, guard)) {
    }
  }
  guard->alarm_.store(nullptr, std::memory_order_relaxed);
  guard->size_.store(size, std::memory_order_relaxed);
  guard->cut_from_.store(size, std::memory_order_relaxed);
  guard->process_.store(getpid(), std::memory_order_relaxed);
  guard->data_.store(data, std::memory_order_release);  // from here on the handler uses it
  Handler::keep();
  return guard;
}

void MappingGuard::release() noexcept {
  data_.store(nullptr, std::memory_order_release);
  is_used_.store(false, std::memory_order_release);
}

}  // namespace tickertape
