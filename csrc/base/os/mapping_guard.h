// Keeps the process alive if somebody cuts off a file that it has mapped. One of the small files that a port
// to another system rewrites. L0, private to base/os/.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tickertape {

// Watches one shared mapping. A touch of a page behind the file's end raises SIGBUS; its handler then puts
// anonymous memory (zeros) there, and the touch is repeated. What was in those pages is gone, so whoever owns
// the mapping asks cuts() whether that has happened.
//
// The handler is installed with the first mapping of the process, and again by keep_handler() if the program
// has replaced it. A fault that is not in such a mapping, and a SIGBUS that somebody sends, go to the handler
// that was there before, or end the process as by default. A handler of the program that is installed later
// is in front of ours until the next keep_handler(), and may call ours; it then never comes back to it. It
// may do so 16 times; from then on it stays in front. A thread that blocks SIGBUS is ended by the system,
// whatever is installed.
//
// After a cut, a SIGBUS that a thread of the process sends to a thread (raise()) may be taken for the fault
// of the cut, which a handler in front of ours has raised again, and then has no effect.
//
// Objects are never freed, because a handler may be looking at them; they are used again.
class MappingGuard {
 public:
  // Throws std::bad_alloc.
  static MappingGuard* watch(std::uint8_t* data, std::size_t size);
  // Puts our handler in front again if it is not, once there was a mapping. One system call. Throws
  // std::bad_alloc.
  static void keep_handler();
  // To be called before the mapping goes.
  void release() noexcept;

  // How often memory was replaced: begun (what is read afterwards may be zeros), and done (what is stored
  // afterwards stays).
  std::uint32_t cuts_begun() const { return begun_.load(std::memory_order_acquire); }
  std::uint32_t cuts() const { return done_.load(std::memory_order_acquire); }
  // True if part of the mapping is not the file's any more.
  bool is_cut() const {
    return cut_from_.load(std::memory_order_acquire) != size_.load(std::memory_order_relaxed);
  }

  // Set to 0 before memory is replaced, and after it. It must live as long as the mapping.
  void set_alarm(std::atomic<std::uint64_t>* alarm) { alarm_.store(alarm, std::memory_order_release); }

  // The file ends at `end` now. True if that is news; then what is behind it is replaced, as by the handler.
  bool cut(std::size_t end) noexcept;

  // Has `replace()` put another file at the mapping's address; what was cut is whole then, if it returns
  // true.
  template <typename Replace>
  bool renew(Replace replace) noexcept {
    const Busy busy(*this);
    if (!replace()) return false;
    cut_from_.store(size_.load(std::memory_order_relaxed), std::memory_order_release);
    return true;
  }

 private:
  // Holds the others off; no signal comes in between. Calls of the system only.
  class Busy {
   public:
    explicit Busy(MappingGuard& guard) noexcept;
    ~Busy();
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    MappingGuard& guard_;
    alignas(16) unsigned char saved_mask_[128];  // a sigset_t
  };
  struct Handler;

  bool replace_from(std::size_t from) noexcept;
  void raise_alarm() noexcept;
  std::size_t end_of_file(std::size_t page) const noexcept;

  std::atomic<bool> is_used_{true};
  std::atomic<bool> is_busy_{false};
  std::atomic<int> process_{0};  // a forked child has no such mapping
  std::atomic<std::uint8_t*> data_{nullptr};
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> cut_from_{0};
  std::atomic<std::uint32_t> begun_{0}, done_{0};
  std::atomic<int> raises_excused_{0};  // how many that are raised again still may be about the last cut
  std::atomic<std::atomic<std::uint64_t>*> alarm_{nullptr};
  MappingGuard* next_ = nullptr;
};

}  // namespace tickertape
