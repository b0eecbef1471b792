// The ring by itself: laps, pads, fullness, deferred ops, and what another process finds in the mapping.
#include "queue/op_ring.h"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/os/file_status.h"
#include "base/os/locked_file.h"
#include "check.h"
#include "queue/name_log.h"

namespace tickertape {
namespace {

using namespace ring_layout;

constexpr std::uint64_t kCapacity = std::uint64_t{1} << 22;

OpRing make_ring() {
  return OpRing(SharedMapping::anonymous(OpRing::mapping_bytes(kCapacity)), kCapacity, "test");
}

// Takes every published op, as the sequencer does.
class Drain {
 public:
  explicit Drain(OpRing& ring) : ring_(ring) {}
  template <typename Use>
  std::size_t all(Use use) {
    std::size_t count = 0;
    for (const std::uint64_t head = ring_.head(); at_ < head;) {
      OpHeader& op = *ring_.at(at_);
      at_ += op.total_size();
      if (op.kind == OpKind::kPad) continue;
      use(op);
      ++count;
    }
    ring_.release(at_);
    return count;
  }
  bool starts_over() {
    const std::optional<std::uint64_t> position = ring_.start_over();
    if (position) at_ = *position;
    return position.has_value();
  }

 private:
  OpRing& ring_;
  std::uint64_t at_ = 0;
};

TEST(scalars_come_out_as_they_went_in_over_many_laps) {
  OpRing ring = make_ring();
  Drain drain(ring);
  std::atomic<std::uint64_t> pushed{0};
  std::int64_t next_in = 0;
  std::int64_t next_out = 0;
  for (int round = 0; round < 40; ++round) {
    // Rounds of odd sizes, so that laps end everywhere.
    for (int i = 0; i < 9'001 + 997 * round; ++i) {
      CHECK(ring.try_push_scalar(7, ScalarStyle::kSimpleValue, static_cast<double>(next_in), next_in, 0,
                                 pushed) != Pushed::kFull);
      ++next_in;
    }
    CHECK_EQ(pushed.load(), ring.head());
    drain.all([&](const OpHeader& op) {
      CHECK_EQ(op.step, next_out);
      ++next_out;
    });
    CHECK_EQ(next_out, next_in);
  }
}

TEST(a_full_ring_refuses_and_takes_again_when_drained) {
  OpRing ring = make_ring();
  Drain drain(ring);
  std::atomic<std::uint64_t> pushed{0};
  std::size_t count = 0;
  while (ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, 0, 0, pushed) != Pushed::kFull) ++count;
  CHECK(count > kCapacity / sizeof(OpHeader) - 64);
  CHECK(count <= kCapacity / sizeof(OpHeader));
  CHECK_EQ(drain.all([](const OpHeader&) {}), count);
  CHECK(ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, 0, 0, pushed) != Pushed::kFull);
}

TEST(bodies_of_all_sizes_never_wrap) {
  OpRing ring = make_ring();
  Drain drain(ring);
  std::atomic<std::uint64_t> pushed{0};
  for (std::uint64_t size = 0; size <= ring.max_body_size(); size = size * 2 + 13) {
    for (int repeat = 0; repeat < 9; ++repeat) {
      bool needs_attention = false;
      OpHeader* op = ring.try_reserve(OpKind::kSummary, 0, 0, size, repeat, 0, pushed, needs_attention);
      if (op == nullptr) {
        drain.all([](const OpHeader&) {});
        op = ring.try_reserve(OpKind::kSummary, 0, 0, size, repeat, 0, pushed, needs_attention);
      }
      CHECK(op != nullptr);
      std::memset(OpRing::body(op), 0x5A, size);
      OpRing::finish(op);
    }
    drain.all([&](OpHeader& op) {
      CHECK_EQ(op.body_size, size);
      for (std::uint64_t i = 0; i < size; i += 101) CHECK(OpRing::body(&op)[i] == 0x5A);
    });
  }
}

TEST(a_ring_that_is_empty_between_bursts_starts_again_at_its_front) {
  constexpr int kBurst = 2'000;
  OpRing ring = make_ring();
  Drain drain(ring);
  std::atomic<std::uint64_t> pushed{0};
  std::uint64_t furthest = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < kBurst; ++i) {
      ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, 0, 0, pushed);
      if (i == 0) CHECK(!drain.starts_over());  // not while something is in it
      furthest = std::max(furthest, ring.head() % kCapacity);
    }
    CHECK_EQ(drain.all([](const OpHeader&) {}), std::size_t{kBurst});
    if (drain.starts_over()) {
      CHECK_EQ(ring.head() % kCapacity, 0U);
      CHECK_EQ(ring.tail(), ring.head());
      CHECK(!drain.starts_over());
    }
  }
  CHECK(furthest < kCapacity / 4);
}

TEST(all_of_a_ring_that_started_over_is_free_and_nothing_is_slow_at_first) {
  OpRing ring = make_ring();
  Drain drain(ring);
  std::atomic<std::uint64_t> pushed{0};
  const auto push = [&] { return ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, 0, 0, pushed); };
  for (int i = 0; i < 10'000; ++i) push();
  drain.all([](const OpHeader&) {});
  CHECK(drain.starts_over());
  CHECK(push() == Pushed::kDone);
  std::uint64_t count = 1;
  while (push() != Pushed::kFull) ++count;
  CHECK(count > kCapacity / sizeof(OpHeader) - 8);  // a lap keeps a little for its end
  CHECK_EQ(drain.all([](const OpHeader&) {}), count);
}

TEST(starting_over_does_not_hide_an_interrupt) {
  OpRing ring = make_ring();
  Drain drain(ring);
  std::atomic<std::uint64_t> pushed{0};
  const auto push = [&] { return ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, 0, 0, pushed); };
  for (int i = 0; i < 10'000; ++i) push();
  drain.all([](const OpHeader&) {});
  ring.request_attention();
  CHECK(drain.starts_over());
  CHECK(push() == Pushed::kDoneNeedsAttention);
}

#if !defined(_WIN32)  // which neither exchanges a mapping nor gives back memory of a mapped file

// Memory of a file, by its blocks.
std::uint64_t bytes_on(const std::string& path) {
  FileStatus status;
  CHECK_EQ(path_status(path, status), 0);
  return status.allocated_bytes;
}

TEST(a_ring_gives_back_what_a_burst_took_and_goes_on) {
  constexpr std::uint64_t kLarge = std::uint64_t{1} << 24;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::string path = (std::filesystem::temp_directory_path() / "tickertape_trim_test.ring").string();
  std::filesystem::remove(path);
  OpRing ring(SharedMapping::create(path, OpRing::mapping_bytes(kLarge)), kLarge, "test");
  Drain drain(ring);
  std::atomic<std::uint64_t> pushed{0};
  std::int64_t next_in = 0;
  std::int64_t next_out = 0;
  std::int64_t now = 0;
  const auto push = [&](int count) {
    while (count-- > 0 &&
           ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, next_in, 0, pushed) != Pushed::kFull)
      ++next_in;
  };
  const auto take_all = [&] { drain.all([&](const OpHeader& op) { CHECK_EQ(op.step, next_out++); }); };
  for (int round = 0; round < 3; ++round) {
    push(400'000 + 7 * round);
    CHECK(bytes_on(path) > (12U << 20));
    CHECK(ring.trim(now += 3 * kSecond));  // all of it is in use
    CHECK(bytes_on(path) > (12U << 20));
    take_all();
    CHECK(ring.trim(now += kSecond));  // it was in use a moment ago
    drain.starts_over();               // as the backend does
    for (int i = 0; i < 100 && ring.trim(now += 3 * kSecond); ++i) {
      push(100);  // light use continues meanwhile
      if (i % 2 == 0) take_all();
    }
    CHECK(!ring.trim(now));
    CHECK(bytes_on(path) < (6U << 20));
    take_all();
  }
  CHECK_EQ(next_out, next_in);
  ring.mapping().unlink();
}

// The pad that ends a lap is written after the head without allocating memory. If trim() gave that page
// back, a full tmpfs would answer the store with SIGBUS.
TEST(what_is_kept_has_room_for_the_pad_behind_the_head) {
  constexpr std::uint64_t kLarge = std::uint64_t{1} << 24;
  constexpr std::uint64_t kKept = std::uint64_t{4} << 20;
  const std::string path =
      (std::filesystem::temp_directory_path() / "tickertape_trim_edge_test.ring").string();
  for (const std::uint64_t short_of : {std::uint64_t{1}, std::uint64_t{0}}) {
    std::filesystem::remove(path);
    OpRing ring(SharedMapping::create(path, OpRing::mapping_bytes(kLarge)), kLarge, "test");
    const std::uint64_t first_page =
        bytes_on(path) - (std::uint64_t{1} << 20);  // what is not the ring's region
    std::atomic<std::uint64_t> pushed{0};
    const std::uint64_t count = kKept / sizeof(OpHeader) - short_of;
    for (std::uint64_t i = 0; i < count; ++i) {
      CHECK(ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, 0, 0, pushed) != Pushed::kFull);
    }
    CHECK_EQ(ring.head(), kKept - short_of * sizeof(OpHeader));
    ring.release(ring.head() - sizeof(OpHeader));
    std::int64_t now = 0;
    for (int i = 0; i < 20; ++i) ring.trim(now += 3'000'000'000);
    const std::uint64_t room_needed = ring.head() + sizeof(OpHeader);
    CHECK(bytes_on(path) - first_page >= room_needed);
    ring.mapping().unlink();
  }
}

TEST(a_ring_moves_to_another_file_with_all_that_is_in_it) {
  const std::string folder = std::filesystem::temp_directory_path().generic_string();
  const std::string paths[] = {folder + "/tickertape_move_test_0.ring",
                               folder + "/tickertape_move_test_1.ring"};
  for (const std::string& path : paths) std::filesystem::remove(path);
  const auto mapping = [&](int i) {
    return SharedMapping::create(paths[i], OpRing::mapping_bytes(kCapacity));
  };
  OpRing ring(mapping(0), kCapacity, "test");
  NameLog names(ring);
  Drain drain(ring);
  std::atomic<std::uint64_t> pushed{0};
  std::int64_t next_in = 0;
  std::int64_t next_out = 0;
  const auto take_all = [&] { drain.all([&](const OpHeader& op) { CHECK_EQ(op.step, next_out++); }); };
  int at = 0;
  // Counts for which tail and head are in one lap, in two, and at the same place.
  for (const int count : {1, 40'000, 0, 100'000, 70'000, 90'000, 130'000, 3}) {
    for (int i = 0; i < count; ++i) {
      if (ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, next_in, 0, pushed) == Pushed::kFull) break;
      ++next_in;
    }
    bool needs_attention = false;
    OpHeader* op = ring.try_reserve(OpKind::kSummary, 0, 0, 100, next_in, 0, pushed, needs_attention);
    SharedMapping fresh = mapping(1 - at);
    if (op != nullptr) {
      ++next_in;
      CHECK(!ring.move_to(fresh, 0));  // its body is being written
      std::memset(OpRing::body(op), 0x5A, 100);
      OpRing::finish(op);
      ring.note_body_written();
    }
    const std::uint8_t* const address = ring.mapping().data();
    CHECK(ring.move_to(fresh, 0));
    CHECK(ring.mapping().data() == address);
    CHECK_EQ(ring.mapping().path(), paths[1 - at]);
    CHECK_EQ(fresh.path(), paths[at]);
    fresh.empty_file();
    CHECK_EQ(std::filesystem::file_size(paths[at]), std::uintmax_t{0});
    fresh.unlink();
    at = 1 - at;
    // What another process finds there.
    alignas(OpHeader) std::uint8_t bytes[sizeof(OpHeader)];
    std::FILE* file = std::fopen(paths[at].c_str(), "rb");
    const std::uint64_t place = (ring.head() & (kCapacity - 1)) - op_size(100);
    if (op != nullptr) {
      std::fseek(file, static_cast<long>(ring.header().ring_offset + place), SEEK_SET);
      CHECK_EQ(std::fread(bytes, 1, sizeof bytes, file), sizeof bytes);
      CHECK_EQ(reinterpret_cast<const OpHeader*>(bytes)->step, next_in - 1);
    }
    std::fclose(file);
    if (count % 2 == 0) take_all();
  }
  take_all();
  CHECK_EQ(next_out, next_in);
  ring.mapping().unlink();
}

#endif

TEST(an_interrupted_ring_goes_slowly_once) {
  OpRing ring = make_ring();
  std::atomic<std::uint64_t> pushed{0};
  ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, 0, 0, pushed);
  CHECK(ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, 0, 0, pushed) == Pushed::kDone);
  ring.request_attention();
  CHECK(ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, 0, 0, pushed) == Pushed::kDoneNeedsAttention);
  CHECK(ring.try_push_scalar(0, ScalarStyle::kSimpleValue, 0, 0, 0, pushed) == Pushed::kDone);
}

TEST(many_threads_push_and_each_keeps_its_order) {
  OpRing ring = make_ring();
  Drain drain(ring);
  constexpr int kThreads = 4;
  constexpr std::int64_t kEach = 50'000;
  std::atomic<std::uint64_t> pushed{0};
  std::vector<std::thread> threads;
  for (std::uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::int64_t i = 0; i < kEach;) {
        if (ring.try_push_scalar(thread, ScalarStyle::kSimpleValue, 0, i, 0, pushed) == Pushed::kFull) {
          std::this_thread::yield();
        } else {
          ++i;
        }
      }
    });
  }
  std::vector<std::int64_t> next(kThreads, 0);
  for (std::size_t taken = 0; taken < kThreads * static_cast<std::size_t>(kEach);) {
    taken += drain.all([&](const OpHeader& op) {
      CHECK_EQ(op.step, next[op.name]);
      ++next[op.name];
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(a_left_over_file_holds_header_names_and_ops) {
  const std::string path = (std::filesystem::temp_directory_path() / "tickertape_op_ring_test.ring").string();
  std::filesystem::remove(path);
  {
    OpRing ring(SharedMapping::create(path, OpRing::mapping_bytes(kCapacity)), kCapacity, "test");
    NameLog names(ring);
    CommitSlot* slot = ring.slot(3);
    slot->commit(0, 24, 0);
    // The names' owner is a channel; its slot is all that goes into the log, and this test has no channel.
    std::atomic<std::uint64_t> pushed{0};
    ring.try_push_scalar(1, ScalarStyle::kSimpleValue, 0.5, 42, 1.5, pushed);
  }
  LockedFile left(path);
  alignas(RingHeader) std::uint8_t bytes[sizeof(RingHeader)];
  CHECK_EQ(left.read_at(0, bytes, sizeof bytes), sizeof bytes);
  const auto& header = *reinterpret_cast<const RingHeader*>(bytes);
  CHECK_EQ(header.magic.load(), kMagic);
  CHECK_EQ(header.version, kRingVersion);
  CHECK_EQ(std::string(header.library_version), "test");
  CHECK_EQ(header.head.load() - header.tail.load(), std::uint64_t{sizeof(OpHeader)});
  alignas(CommitSlot) std::uint8_t slot_bytes[sizeof(CommitSlot)];
  left.read_at(header.slots_offset + 3 * sizeof(CommitSlot), slot_bytes, sizeof slot_bytes);
  const auto& slot = *reinterpret_cast<const CommitSlot*>(slot_bytes);
  CHECK_EQ(slot.record[slot.sequence.load() & 1].file_size, std::uint64_t{24});
  alignas(OpHeader) std::uint8_t op_bytes[sizeof(OpHeader)];
  left.read_at(header.ring_offset, op_bytes, sizeof op_bytes);
  const auto& op = *reinterpret_cast<const OpHeader*>(op_bytes);
  CHECK_EQ(op.step, std::int64_t{42});
  CHECK_EQ(op.value, 0.5);
  left.unlink();
  {
    [[maybe_unused]] const LockedFile closed = std::move(left);
  }  // Windows removes a name with the last handle
  CHECK(!std::filesystem::exists(path));
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
