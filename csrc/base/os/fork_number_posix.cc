// Numbers of forked processes, in a page of memory that they share. L0.
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <new>

#include "base/os/fork_number.h"
#include "base/os/process.h"

namespace tickertape {
namespace {

// One page. More processes than this at a time have their ids as numbers.
constexpr std::uint32_t kNumbers = 1024;

// holders[n] is the id of the process whose number is n, or 0. Pairs with itself in the other processes;
// nothing else is published with it, so relaxed.
struct Table {
  std::atomic<std::uint32_t> holders[kNumbers];
};

std::atomic<Table*> shared_table{nullptr};  // acquire and release: published by prepare_fork_numbers()
std::atomic<std::uint64_t> own_number{
    0};  // process id << 32 | number; relaxed: of one process, see fork_number()

bool is_dead(std::uint32_t holder) {
  return holder == 0 || (kill(static_cast<pid_t>(holder), 0) != 0 && errno == ESRCH);
}

std::uint32_t claim(Table& numbers, std::uint32_t self) {
  for (std::uint32_t number = 0; number < kNumbers; ++number) {
    std::uint32_t holder = numbers.holders[number].load(std::memory_order_relaxed);
    if (is_dead(holder) &&
        numbers.holders[number].compare_exchange_strong(holder, self, std::memory_order_relaxed))
      return number;
  }
  return self;
}

}  // namespace

void prepare_fork_numbers() noexcept {
  if (shared_table.load(std::memory_order_acquire) != nullptr) return;
  void* memory = mmap(nullptr, sizeof(Table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  auto* made = new (memory) Table{};
  made->holders[0].store(process_id(), std::memory_order_relaxed);
  Table* none = nullptr;
  if (!shared_table.compare_exchange_strong(none, made, std::memory_order_acq_rel))
    munmap(memory, sizeof(Table));
}

std::uint32_t fork_number() noexcept {
  const std::uint32_t self = process_id();
  std::uint64_t own = own_number.load(std::memory_order_relaxed);
  if (own >> 32 == self) return static_cast<std::uint32_t>(own);
  Table* numbers = shared_table.load(std::memory_order_acquire);
  if (numbers == nullptr) return self;
  const std::uint32_t number =
      numbers->holders[0].load(std::memory_order_relaxed) == self ? 0 : claim(*numbers, self);
  if (own_number.compare_exchange_strong(own, std::uint64_t{self} << 32 | number, std::memory_order_relaxed))
    return number;
  // Another thread of this process was faster.
  if (number != 0 && number < kNumbers) numbers->holders[number].store(0, std::memory_order_relaxed);
  return static_cast<std::uint32_t>(own);
}

}  // namespace tickertape
