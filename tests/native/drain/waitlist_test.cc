// Deferred values in the pipeline, from C++: a device that a test simulates event by event.
#include "drain/waitlist.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "file_values.h"
#include "recovery/orphaned_rings.h"
#include "recovery/recovery.h"

namespace tickertape::test {
namespace {

// Answers as it is told; never asked outside a row of queries. Copies nothing.
class SimulatedDevice final : public Device {
 public:
  std::uintptr_t context() noexcept override { return 7; }
  void set_context(std::uintptr_t /*context*/) noexcept override {}
  void begin(ThreadState& before) noexcept override {
    before.context = 1;
    ++rows;
  }
  DeviceAnswer query(std::uintptr_t context, std::uintptr_t event) noexcept override {
    CHECK_EQ(context, std::uintptr_t{7});
    ++queries;
    const std::lock_guard<std::mutex> lock(mutex_);
    return answers_[event];
  }
  void end(const ThreadState& before) noexcept override { CHECK_EQ(before.context, std::uintptr_t{1}); }
  bool can_copy() const noexcept override { return false; }
  void* lock_memory(std::size_t /*bytes*/) noexcept override { return nullptr; }
  std::uintptr_t create_event() noexcept override { return 0; }
  bool is_capturing(std::uintptr_t /*stream*/) noexcept override { return true; }
  bool copy(void* /*to*/, std::uintptr_t /*from*/, std::size_t /*bytes*/,
            std::uintptr_t /*stream*/) noexcept override {
    return false;
  }
  bool record(std::uintptr_t /*event*/, std::uintptr_t /*stream*/) noexcept override { return false; }
  std::string describe(int error_number) const override {
    if (cannot_describe) throw std::logic_error("no words for it");
    return "simulated error " + std::to_string(error_number);
  }

  void play(std::uintptr_t event, DeviceAnswer answer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answers_[event] = answer;
  }

  std::atomic<int> rows{0}, queries{0};
  std::atomic<bool> cannot_describe{false};

 private:
  std::mutex mutex_;
  std::map<std::uintptr_t, DeviceAnswer> answers_;
};

constexpr DeviceAnswer kDone{Completion::kDone, 0};

// Never destroyed, as a driver: the backend may ask it until the process has ended.
SimulatedDevice& device() {
  static auto* simulated = new SimulatedDevice;
  return *simulated;
}

DeferredNumber deferred(std::uintptr_t event, std::uint64_t queue, const double& value) {
  return {std::make_shared<DeviceCopy>(&device(), event, queue), &value, DType::kFloat64};
}

const double kValues[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

// The first one: ThreadSanitizer allows no fork once there are threads.
TEST(values_that_died_on_their_way_are_counted_and_the_rest_is_recovered) {
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    OpenFile& file = *writer.file();
    writer.add_scalar("before", 1, 1, 1.0);
    file.add_deferred_scalar("deferred", deferred(51, 1, kValues[1]), 2, 1.0, ScalarStyle::kSimpleValue);
    writer.add_scalar("after", 2, 3, 1.0);
    const std::vector<std::ptrdiff_t> axes{10, 8};
    HistogramOp histogram;
    histogram.values.source = {kValues, DType::kFloat64, 1, axes.data(), axes.data() + 1};
    file.add_deferred(OpKind::kHistogram, "deferred", histogram,
                      std::make_shared<DeviceCopy>(&device(), 52, 1), 4, 1.0);
    writer.add_scalar("after", 3, 5, 1.0);
    writer.flush();
    die();
  });
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  const RecoveryReport report = recover_rings(scene.logs());
  CHECK_EQ(report.rings.size(), std::size_t{1});
  CHECK_EQ(report.rings[0].events(), std::uint64_t{2});
  CHECK_EQ(report.rings[0].events_lost(), std::uint64_t{2});
  CHECK(report.rings[0].is_removed);
  const std::vector<FileValue> expected{{"before", 1, 1}, {"after", 3, 2}, {"after", 5, 3}};
  CHECK(values_of(scene.file()) == expected);
}

TEST(queues_come_in_any_order_and_each_file_keeps_its_own) {
  const Scene scene;
  EventFileWriter writer(scene.logs());
  writer.file()->add_deferred_scalar("a", deferred(1, 1, kValues[1]), 1, 1.0, ScalarStyle::kSimpleValue);
  writer.file()->add_deferred_scalar("b", deferred(2, 2, kValues[2]), 2, 1.0, ScalarStyle::kSimpleValue);
  writer.file()->add_deferred_scalar("c", deferred(3, 1, kValues[3]), 3, 1.0, ScalarStyle::kSimpleValue);
  device().play(2, kDone);
  device().play(3, kDone);  // of a queue whose first is not here: nobody asks
  CHECK_EQ(writer.flush(), 0);
  CHECK_EQ(writer.backend().waitlist().count(), std::uint64_t{2});
  CHECK(values_of(writer.path()).empty());
  device().play(1, kDone);
  CHECK_EQ(writer.flush(DeferredValues::kAwait), 0);
  const std::vector<FileValue> expected{{"a", 1, 1}, {"b", 2, 2}, {"c", 3, 3}};
  CHECK(values_of(writer.path()) == expected);
}

TEST(one_op_with_values_of_several_queues_and_of_the_host) {
  const Scene scene;
  EventFileWriter writer(scene.logs());
  const TaggedScalar scalars[] = {{"x", 0}, {"host", 0.5}, {"", 0}, {"z", 0}};
  const DeferredScalarAt waiting[] = {
      {0, deferred(11, 5, kValues[1])}, {2, deferred(12, 6, kValues[2])}, {3, deferred(13, 5, kValues[3])}};
  writer.file()->add_deferred_scalars(scalars, waiting, 4, 1.0);
  for (const std::uintptr_t event : {13U, 12U, 11U}) {
    CHECK_EQ(writer.flush(), 0);
    CHECK(values_of(writer.path()).empty());
    device().play(event, kDone);
  }
  CHECK_EQ(writer.flush(DeferredValues::kAwait), 0);
  const std::vector<FileValue> expected{{"x", 4, 1}, {"host", 4, 0.5}, {"", 4, 2}, {"z", 4, 3}};
  CHECK(values_of(writer.path()) == expected);
}

TEST(a_failure_drops_its_op_alone_and_says_so) {
  const Scene scene;
  EventFileWriter writer(scene.logs());
  const std::uint64_t dropped = writer.backend().counters().events_dropped;
  static_cast<void>(writer.backend().notices().take());
  writer.file()->add_deferred_scalar("bad", deferred(21, 1, kValues[1]), 6, 1.0, ScalarStyle::kSimpleValue);
  writer.file()->add_deferred_scalar("good", deferred(22, 1, kValues[2]), 7, 1.0, ScalarStyle::kFloatTensor);
  device().play(21, {Completion::kFailed, 9});
  device().play(22, kDone);
  CHECK_EQ(writer.flush(DeferredValues::kAwait), 0);
  const std::vector<FileValue> expected{{"good", 7, 2, protobuf::value_field::kTensor}};
  CHECK(values_of(writer.path()) == expected);
  CHECK_EQ(writer.backend().counters().events_dropped.load(), dropped + 1);
  CHECK_EQ(writer.backend().events_queued(), std::uint64_t{0});
  std::vector<Notice> said = writer.backend().notices().take();
  // The ring of the test before went with its directory; the drainer may note that just now.
  std::erase_if(said, [](const Notice& notice) { return notice.text.find("op ring") != std::string::npos; });
  CHECK_EQ(said.size(), std::size_t{1});
  CHECK(!said.empty() && said[0].text.find("'bad' at step 6") != std::string::npos &&
        said[0].text.find("simulated error 9") != std::string::npos);
}

TEST(an_arrival_without_a_device_is_settled_from_any_thread) {
  const Scene scene;
  EventFileWriter writer(scene.logs());
  auto copy = std::make_shared<DeviceCopy>(nullptr, 0, 99);
  writer.file()->add_deferred_scalar("x", {copy, &kValues[5], DType::kFloat64}, 1, 1.0,
                                     ScalarStyle::kSimpleValue);
  std::thread settling([&] { copy->complete(); });
  CHECK_EQ(writer.flush(DeferredValues::kAwait), 0);
  settling.join();
  CHECK_EQ(values_of(writer.path()).size(), std::size_t{1});
}

TEST(a_long_queue_is_freed_without_recursion) {
  constexpr std::uint64_t kCapacity = 1 << 20;
  OpRing ring(SharedMapping::anonymous(OpRing::mapping_bytes(kCapacity)), kCapacity, "test");
  Notices notices;
  Counters counters;
  auto waitlist = std::make_unique<Waitlist>(ring, notices, counters, 1.0);
  constexpr std::uint64_t kOps = 500'000;  // a frame each would take more than the 8 MiB of a stack
  for (std::uint64_t i = 0; i < kOps; ++i) waitlist->add(std::make_unique<DeferredOp>());
  CHECK_EQ(waitlist->count(), kOps);
  waitlist.reset();
}

TEST(the_memory_is_let_go_once_the_value_is_in_the_op) {
  const Scene scene;
  EventFileWriter writer(scene.logs());
  auto copy = std::make_shared<DeviceCopy>(nullptr, 0, 98);
  const std::weak_ptr<DeviceCopy> watched = copy;
  copy->complete();
  writer.file()->add_deferred_scalar("x", {std::move(copy), &kValues[5], DType::kFloat64}, 1, 1.0,
                                     ScalarStyle::kSimpleValue);
  CHECK_EQ(writer.flush(DeferredValues::kAwait), 0);
  CHECK(watched.expired());
}

TEST(threads_add_while_the_drainer_asks) {
  const Scene scene;
  EventFileWriter writer(scene.logs());
  constexpr int kThreads = 4;
  constexpr std::int64_t kSteps = 500;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string tag(1, static_cast<char>('a' + t));
      for (std::int64_t step = 0; step < kSteps; ++step) {
        const auto event = static_cast<std::uintptr_t>(1000 + t * kSteps + step);
        device().play(event, kDone);
        writer.file()->add_deferred_scalar(tag,
                                           deferred(event, static_cast<std::uint64_t>(t), kValues[step % 10]),
                                           step, 1.0, ScalarStyle::kSimpleValue);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(writer.flush(DeferredValues::kAwait), 0);
  const std::vector<FileValue> found = values_of(writer.path());
  CHECK_EQ(found.size(), static_cast<std::size_t>(kThreads * kSteps));
  std::map<std::string, std::int64_t> next;
  for (const FileValue& point : found) {
    CHECK_EQ(point.step, next[point.tag]++);
    CHECK_EQ(point.scalar, kValues[point.step % 10]);
  }
}

// An exception that nobody expects does not end the process in the drainer thread. It is counted, reported
// once, and the ops after it are written when it is over.
TEST(an_unexpected_exception_in_the_drainer_is_contained) {
  const Scene scene;
  EventFileWriter writer(scene.logs());
  Backend& backend = writer.backend();
  static_cast<void>(backend.notices().take());
  const std::uint64_t errors = backend.counters().internal_errors;
  device().cannot_describe = true;
  device().play(71, {Completion::kFailed, 5});
  writer.file()->add_deferred_scalar("a", deferred(71, 1, kValues[1]), 1, 1.0, ScalarStyle::kSimpleValue);
  writer.add_scalar("b", 2, 2, 1.0);
  CHECK_THROWS(std::logic_error, writer.flush());
  while (backend.counters().internal_errors < errors + 3) std::this_thread::yield();  // the thread comes by
  const std::vector<Notice> said = backend.notices().take();
  // Other notices may be among them: the ring moves, because an earlier test has removed its directory.
  CHECK_EQ(std::count_if(
               said.begin(), said.end(),
               [](const Notice& notice) { return notice.text.find("no words for it") != std::string::npos; }),
           1);
  device().cannot_describe = false;
  writer.close();
  CHECK(values_of(scene.file()) == (std::vector<FileValue>{{"b", 2, 2}}));
}

}  // namespace
}  // namespace tickertape::test

TEST_MAIN()
