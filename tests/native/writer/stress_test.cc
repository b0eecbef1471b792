// Everything at once, mostly for ThreadSanitizer: producers, flushers, writers that open and close, and a
// recovery that has nothing to find.
#include <atomic>
#include <thread>
#include <vector>

#include "recovery/orphaned_rings.h"
#include "recovery/recovery.h"
#include "tfrecord/record_reader.h"

namespace tickertape {
namespace {

using namespace test;

constexpr std::int64_t kSteps = 300;

void log_some(EventFileWriter& writer, const std::string& tag, std::int64_t steps, std::int64_t every) {
  const std::vector<float> numbers(10'000, 0.5F);  // worth a thread of the codec pool
  const auto count = static_cast<std::ptrdiff_t>(numbers.size());
  const std::ptrdiff_t stride = sizeof(float);
  HistogramOp histogram;
  histogram.values.source = {numbers.data(), DType::kFloat32, 1, &count, &stride};
  for (std::int64_t step = 0; step < steps; ++step) {
    if (step % every == every - 1) {
      writer.add(OpKind::kHistogram, tag, histogram, step, 1.0);
    } else {
      writer.add_scalar(step % 7 == 0 ? tag + std::to_string(step) : tag, 1.0, step, 1.0);
    }
  }
}

std::uint64_t count_events(const std::string& directory) {
  std::uint64_t count = 0;
  for (const std::string& path : entries_of(directory)) {
    if (fs::is_directory(path)) continue;
    RecordReader reader(path);
    Bytes record;
    while (reader.next(record)) ++count;
    CHECK(reader.damage().empty());
    CHECK_EQ(reader.tail_bytes(), std::uint64_t{0});
    --count;  // the opening
  }
  return count;
}

TEST(everything_at_once) {
  const Scene scene;
  EventFileWriter shared(scene.logs());
  std::atomic<int> producing{3};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      log_some(shared, "producer " + std::to_string(i), kSteps, 10);
      --producing;
    });
  }
  threads.emplace_back([&] {
    while (producing > 0) CHECK_EQ(shared.flush(), 0);
  });
  threads.emplace_back([&] {
    while (producing > 0) shared.file()->sync();
  });
  threads.emplace_back([&] {
    while (producing > 0) CHECK(recover_rings(scene.logs()).rings.empty());
  });
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        EventFileWriter own(scene.logs() + "/own" + std::to_string(i));
        log_some(own, "tag", 20, 5);
        if (round % 2 == 0) own.close();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  shared.close();
  ProcessBackend::current()->stop();
  CHECK_EQ(count_events(scene.logs()), std::uint64_t{3 * kSteps});
  for (int i = 0; i < 2; ++i) {
    CHECK_EQ(count_events(scene.logs() + "/own" + std::to_string(i)), std::uint64_t{10 * 20});
  }
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
