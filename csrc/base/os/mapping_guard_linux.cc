// The Linux side of mapping_guard.h. L0.
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/os/mapping_guard.h"

namespace tickertape {

namespace {

// Pages may be larger on some machines (64 KiB on aarch64).
const std::size_t kPage = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

// Threads that may be in a handler in front of ours for one and the same cut.
constexpr int kThreadsAtOnce = 4;

static_assert(sizeof(sigset_t) <= 128);

// False if a touch of the byte would raise SIGBUS or SIGSEGV. rt_sigprocmask reads the new mask before it
// finds that there is no such operation.
bool is_readable(const std::uint8_t* byte) {
  constexpr std::size_t kMaskBytes = 8;
  const auto address = reinterpret_cast<std::uintptr_t>(byte) & ~(kMaskBytes - 1);
  return syscall(SYS_rt_sigprocmask, ~0, address, nullptr, kMaskBytes) == 0 || errno != EFAULT;
}

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
  std::uint8_t* const start = data_.load(std::memory_order_relaxed) + from;
  const void* const there = mmap(start, to - from, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  const bool is_replaced = there != MAP_FAILED;
  if (is_replaced) {
    madvise(start, to - from, MADV_DONTFORK);
    cut_from_.store(from, std::memory_order_release);
  }
  done_.fetch_add(1, std::memory_order_seq_cst);
  raises_excused_.store(kThreadsAtOnce, std::memory_order_relaxed);
  if (std::atomic<std::uint64_t>* const alarm = alarm_.load(std::memory_order_acquire); alarm != nullptr)
    alarm->store(0, std::memory_order_relaxed);
  return is_replaced;
}

// The place of the first page that is behind the file's end, if that of `page` is: all pages in front of it
// can be read.
std::size_t MappingGuard::end_of_file(std::size_t page) const noexcept {
  const std::uint8_t* const data = data_.load(std::memory_order_relaxed);
  std::size_t readable = 0, missing = page / kPage;  // counts of pages
  while (readable < missing) {
    const std::size_t middle = (readable + missing) / 2;
    if (is_readable(data + middle * kPage)) {
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

struct MappingGuard::Handler {
  static inline std::atomic<MappingGuard*> guards{nullptr};  // a list that only grows
  static inline std::atomic<const struct sigaction*> previous{nullptr};

  static bool mend(const siginfo_t& signal) noexcept {
    const auto* const address = static_cast<const std::uint8_t*>(signal.si_addr);
    const int self = getpid();
    for (MappingGuard* guard = guards.load(std::memory_order_acquire); guard != nullptr;
         guard = guard->next_) {
      std::uint8_t* const data = guard->data_.load(std::memory_order_acquire);
      if (data == nullptr || guard->process_.load(std::memory_order_relaxed) != self) continue;
      const std::size_t size = guard->size_.load(std::memory_order_relaxed);
      if (signal.si_code <= 0) {
        // Not the fault itself: a handler in front of this one (faulthandler) has raised the signal again.
        // If this returns, the fault comes again, or another thread has mended it by now.
        if (signal.si_pid != self) continue;
        if (guard->is_cut() || !is_readable(data + size - 1)) return true;
        if (guard->raises_excused_.fetch_sub(1, std::memory_order_relaxed) > 0) return true;
      } else if (signal.si_code == BUS_ADRERR && address >= data && address < data + size) {
        const Busy busy(*guard);
        // Readable: another thread has met the same, or the file has grown again.
        if (is_readable(address)) return true;
        return guard->replace_from(guard->end_of_file(static_cast<std::size_t>(address - data)));
      }
    }
    return false;
  }

  static void pass_on(int number, siginfo_t* signal, void* context) noexcept {
    const struct sigaction* const action = previous.load(std::memory_order_acquire);
    const bool is_sent = signal->si_code <= 0;
    if ((action->sa_flags & SA_SIGINFO) != 0) return action->sa_sigaction(number, signal, context);
    if (action->sa_handler == SIG_IGN && is_sent) return;
    if (action->sa_handler != SIG_IGN && action->sa_handler != SIG_DFL) return action->sa_handler(number);
    // As if this handler had never been: the process ends where the fault is, which comes again.
    struct sigaction plain{};
    plain.sa_handler = SIG_DFL;
    sigaction(number, &plain, nullptr);
    if (is_sent) raise(number);
  }

  static void on_signal(int number, siginfo_t* signal, void* context) noexcept {
    const int saved_errno = errno;
    if (!mend(*signal)) pass_on(number, signal, context);
    errno = saved_errno;
  }

  // Never in front of a handler that was installed after ours: that one may call ours, and then neither would
  // come to an end.
  static void install() {
    struct sigaction present{};
    sigaction(SIGBUS, nullptr, &present);
    const bool has_function = (present.sa_flags & SA_SIGINFO) != 0 ||
                              (present.sa_handler != SIG_DFL && present.sa_handler != SIG_IGN);
    if (has_function && previous.load(std::memory_order_acquire) != nullptr) return;
    // Not freed: a handler may be looking at it.
    previous.store(new struct sigaction(present), std::memory_order_release);
    struct sigaction ours{};
    ours.sa_sigaction = on_signal;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigfillset(&ours.sa_mask);
    sigaction(SIGBUS, &ours, nullptr);
  }
};

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
  Handler::install();
  return guard;
}

void MappingGuard::release() noexcept {
  data_.store(nullptr, std::memory_order_release);
  is_used_.store(false, std::memory_order_release);
}

}  // namespace tickertape
