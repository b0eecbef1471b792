// What the bindings share between threads that no GIL orders, mostly for ThreadSanitizer: writers that are
// closed while others log, and values that are replaced while others use them.
#include "bindings/writer/shared_writer.h"

#include <array>
#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"
#include "bindings/support/replaceable.h"
#include "check.h"
#include "own_rings.h"
#include "queue/spin_lock.h"
#include "tfrecord/record_reader.h"

namespace tickertape::bindings {
namespace {

using namespace test;

// A tag's text as an object with a count of its references, like Python's.
struct TagObject {
  explicit TagObject(std::string value) : text(std::move(value)) {}
  alignas(16) const std::string text;
  std::atomic<int> references{1};
};
struct TagObjectKeys {
  using Key = TagObject*;
  static void keep(TagObject* tag) { tag->references.fetch_add(1); }
  static void drop(TagObject* tag) {
    if (tag != nullptr) tag->references.fetch_sub(1);
  }
};
using Writer = SharedWriter<TagObjectKeys, SpinLock>;
using Binding = WriterBinding<Writer, std::shared_ptr<Writer>, SpinLock>;

// What SummaryWriter does: opens a file for the first call, and again after close().
class Logger {
 public:
  explicit Logger(std::string directory) : directory_(std::move(directory)) {}

  void add(TagObject& tag, const PlainScalar& scalar) {
    const Pushed pushed = binding_.use_writer(
        [&](Writer& writer) { return writer.try_known_tag(&tag, scalar); }, Pushed::kFull);
    while (pushed == Pushed::kFull) {
      const Binding::Bound bound = opened();
      if (bound.writer->try_any_tag(&tag, tag.text, true, scalar) != Pushed::kFull) return;
      if (add_slowly(*bound.writer, tag, scalar)) return;
    }
  }
  void close() {
    const Binding::Bound before = binding_.exchange({});
    if (before.writer == nullptr) return;
    CHECK_EQ(before.writer->is_closed(), false);
    if (const auto file = before.writer->detach()) CHECK_EQ(file->flush(), 0);
    CHECK(before.writer->is_closed());
    CHECK_EQ(before.writer->path(), std::string());
  }

 private:
  Binding::Bound opened() {
    const std::lock_guard<std::mutex> lock(opening_);
    if (Binding::Bound bound = binding_.get(); bound.writer != nullptr) return bound;
    auto writer = std::make_shared<Writer>(directory_, WriterOptions{});
    binding_.exchange({writer.get(), writer});
    return {writer.get(), writer};
  }
  // False if the writer was closed before.
  static bool add_slowly(Writer& writer, const TagObject& tag, const PlainScalar& scalar) {
    try {
      const std::shared_ptr<OpenFile> file = writer.file();
      return file->add_scalar(tag.text, scalar.value, scalar.step, scalar.wall_time, scalar.style);
    } catch (const ClosedError&) {
      return false;
    }
  }

  const std::string directory_;
  Binding binding_;
  std::mutex opening_;
};

std::uint64_t count_events(const std::string& directory) {
  std::uint64_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    RecordReader reader(entry.path().string());
    Bytes record;
    while (reader.next(record)) ++count;
    --count;  // the version event
  }
  return count;
}

void remove(const std::string& directory) {
  std::error_code ignored;  // Windows keeps a file that is open
  std::filesystem::remove_all(directory, ignored);
}

// Keys that are only addresses.
struct AddressKeys {
  using Key = const char*;
  static void keep(Key /*tag*/) {}
  static void drop(Key /*tag*/) {}
};

TEST(a_hundred_tags_that_were_made_together_are_all_found) {
  constexpr std::size_t kTags = 100;
  const Name names[2] = {};
  for (const std::size_t bytes : {64U, 80U, 96U, 112U}) {  // a str of 8 to 63 characters
    const std::vector<char> memory(kTags * bytes);
    TagCache<AddressKeys> cache;
    for (std::uint64_t epoch = 1; epoch <= 2; ++epoch) {
      const Name* const name = &names[epoch - 1];
      for (std::size_t i = 0; i < kTags; ++i) static_cast<void>(cache.put(&memory[i * bytes], epoch, name));
      for (std::size_t i = 0; i < kTags; ++i) {
        CHECK(cache.find(&memory[i * bytes], epoch) == name);
        CHECK(cache.find(&memory[i * bytes], epoch + 1) == nullptr);
      }
    }
  }
}

TEST(nothing_is_lost_if_files_are_closed_while_threads_log) {
  constexpr std::int64_t kSteps = 2000;
  constexpr int kProducers = 3;
  constexpr int kCloses = 40;
  const std::string directory = make_test_directory();
  {
    std::array<TagObject, 3> tags{TagObject("a"), TagObject("b"), TagObject("c")};
    Logger logger(directory);
    std::atomic<std::int64_t> logged{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kProducers; ++i) {
      threads.emplace_back([&] {
        for (std::int64_t step = 0; step < kSteps; ++step) {
          logger.add(tags[static_cast<std::size_t>(step) % tags.size()], {0.5, step, 1.0});
          ++logged;
        }
      });
    }
    threads.emplace_back([&] {
      for (int i = 1; i <= kCloses; ++i) {
        while (logged < i * kSteps * kProducers / (kCloses + 1)) std::this_thread::yield();
        logger.close();
      }
    });
    for (std::thread& thread : threads) thread.join();
    logger.close();
    for (const TagObject& tag : tags) CHECK_EQ(tag.references.load(), 1);
  }
  CHECK_EQ(count_events(directory), std::uint64_t{kProducers * kSteps});
  remove(directory);
}

TEST(a_binding_says_what_takes_its_calls) {
  const std::string directory = make_test_directory();
  const auto writer = std::make_shared<Writer>(directory, WriterOptions{});
  Binding binding;
  CHECK(!binding.has_substitute());
  CHECK_EQ(binding.use_writer([](Writer&) { return 1; }, 2), 2);
  CHECK(!binding.exchange({writer.get(), writer}).object);
  CHECK(!binding.has_substitute());
  CHECK_EQ(binding.use_writer([](Writer&) { return 1; }, 2), 1);
  CHECK_EQ(binding.exchange({nullptr, writer}).writer, writer.get());
  CHECK(binding.has_substitute());
  CHECK_EQ(binding.use_writer([](Writer&) { return 1; }, 2), 2);
  remove(directory);
}

TEST(a_value_that_is_replaced_stays_for_those_who_use_it) {
  struct Pair {
    int first, second;
  };
  Replaceable<std::shared_ptr<const Pair>, SpinLock> shared;
  CHECK(!shared.is_set());
  shared.exchange(std::make_shared<Pair>(Pair{0, 0}));
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      do {
        const auto pair = shared.get();
        CHECK_EQ(pair->first, pair->second);
      } while (!is_over);
    });
  }
  for (int i = 1; i <= 2000; ++i) shared.exchange(std::make_shared<Pair>(Pair{i, i}));
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(shared.take()->first, 2000);
  CHECK(!shared.is_set());
}

TEST(an_old_value_may_use_what_replaced_it) {
  using Value = Replaceable<std::shared_ptr<const int>, SpinLock>;
  static Value shared;
  const auto look = [](const int* number) {
    CHECK_EQ(*shared.get(), 2);
    delete number;
  };
  shared.exchange({new int{1}, look});
  shared.exchange(std::make_shared<int>(2));  // hangs if the old one ended under the lock
  CHECK_EQ(*shared.take(), 2);
}

TEST(spare_memory_belongs_to_one_thread_at_a_time) {
  static Replaceable<std::vector<int>, SpinLock> spare;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (int turn = 0; turn < 1000; ++turn) {
        std::vector<int> memory = spare.take();
        CHECK(memory.empty());
        memory.assign(100, i);
        for (const int number : memory) CHECK_EQ(number, i);
        memory.clear();
        spare.exchange(std::move(memory));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(spare.take().capacity() != 0);
}

}  // namespace
}  // namespace tickertape::bindings

TEST_MAIN()
