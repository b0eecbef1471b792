// The registry of open files, without a drainer: what a failed open() leaves.
#include "drain/channel_registry.h"

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "check.h"

namespace {

// How many allocations of this thread succeed before one fails; negative: all succeed.
thread_local int allocations_left = -1;

}  // namespace

// Not inlined, or GCC takes free() for a mismatch with its own new.
__attribute__((noinline)) void* operator new(std::size_t size) {
  if (allocations_left == 0) {
    allocations_left = -1;
    throw std::bad_alloc();
  }
  if (allocations_left > 0) --allocations_left;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace tickertape {
namespace {

constexpr std::uint64_t kCapacity = std::uint64_t{1} << 20;

class EmptySink : public Sink {
 public:
  Appended append(Bytes bytes) noexcept override { return {bytes.size()}; }
  void sync() override {}
  std::uint64_t size() const override { return 0; }
  const std::string& path() const override { return path_; }

 private:
  std::string path_ = "a path that is too long for the small string of the library";
};

TEST(each_allocation_of_open_may_fail_and_no_slot_is_lost) {
  OpRing ring(SharedMapping::anonymous(OpRing::mapping_bytes(kCapacity)), kCapacity, "test");
  NameLog names(ring);
  Counters counters;
  ChannelRegistry registry(ring, names, counters);
  int failed = 0;
  for (std::uint32_t number = 0; number < 100; ++number) {
    const Channel* opened = nullptr;
    for (int left = 0; opened == nullptr; ++left) {
      SinkPlan plan{std::make_unique<EmptySink>()};
      allocations_left = left;
      try {
        opened = &registry.open(std::move(plan));
      } catch (const std::bad_alloc&) {
        ++failed;
        CHECK_EQ(counters.writers_open.load(), std::uint64_t{number});
      }
      allocations_left = -1;
    }
    CHECK_EQ(opened->slot_index, number);
    CHECK_EQ(opened->name->id, number);
  }
  CHECK(failed > 300);  // three allocations at least
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
