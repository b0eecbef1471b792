// The whole pipeline from C++: order, snapshots, many files, a sink that fails and one that stalls, fork,
// exit.
#include "writer/event_file_writer.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/os/fork_number.h"
#include "check.h"
#include "event/decoder.h"
#include "file_values.h"
#include "own_rings.h"
#include "protobuf/fields.h"
#include "tfrecord/record_reader.h"

namespace tickertape {
namespace {

using test::FileValue, test::values_of;
namespace fs = std::filesystem;

// A directory of its own for each test.
class TestDirectory {
 public:
  TestDirectory() {
    std::string name = (fs::temp_directory_path() / "tickertape_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TestDirectory() { fs::remove_all(path_); }
  std::string path() const { return path_; }
  std::vector<std::string> files() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(path_)) all.push_back(entry.path());
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  std::string path_;
};

bool add_histogram(EventFileWriter& writer, std::string_view tag, const std::vector<float>& values,
                   std::int64_t step) {
  const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(values.size());
  const std::ptrdiff_t stride = sizeof(float);
  HistogramOp op;
  op.values.source = {values.data(), DType::kFloat32, 1, &size, &stride};
  return writer.add(OpKind::kHistogram, tag, op, step, 1.0);
}

TEST(the_file_is_there_with_its_version_when_the_constructor_returns) {
  const TestDirectory directory;
  const EventFileWriter writer(directory.path() + "/made/on/the/way");
  CHECK(values_of(writer.path()).empty());
  CHECK(writer.path().find("/events.out.tfevents.") != std::string::npos);
}

TEST(flush_makes_everything_visible_in_order) {
  const TestDirectory directory;
  EventFileWriter writer(directory.path());
  for (std::int64_t step = 0; step < 1000; ++step)
    writer.add_scalar(step % 2 == 0 ? "even" : "odd", 0.5, step);
  CHECK_EQ(writer.flush(), 0);
  const auto values = values_of(writer.path());
  CHECK_EQ(values.size(), std::size_t{1000});
  for (std::size_t i = 0; i < values.size(); ++i) CHECK_EQ(values[i].step, static_cast<std::int64_t>(i));
}

TEST(heavy_ops_keep_their_place_among_light_ones) {
  const TestDirectory directory;
  EventFileWriter writer(directory.path());
  std::vector<float> numbers(100'000);
  for (std::int64_t step = 0; step < 200; ++step) {
    numbers.assign(static_cast<std::size_t>(1 + step % 7 * 15'000), static_cast<float>(step));
    if (step % 3 == 0) add_histogram(writer, "h", numbers, step);
    if (step % 3 != 0) writer.add_scalar("s", 1, step);
  }
  writer.close();
  const auto values = values_of(directory.files().at(0));
  CHECK_EQ(values.size(), std::size_t{200});
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK_EQ(values[i].step, static_cast<std::int64_t>(i));
    CHECK_EQ(values[i].kind,
             i % 3 == 0 ? protobuf::value_field::kHisto : protobuf::value_field::kSimpleValue);
  }
}

TEST(closing_gives_the_file_back_and_the_destructor_loses_nothing) {
  const TestDirectory directory;
  {
    EventFileWriter writer(directory.path());
    for (std::int64_t step = 0; step < 5000; ++step) writer.add_scalar("s", 1, step);
  }
  // The destructor does not wait; another writer's flush comes after it in the ring.
  EventFileWriter other(directory.path() + "/other");
  other.add_scalar("s", 1, 0);
  other.flush();
  CHECK_EQ(values_of(directory.files().at(0)).size(), std::size_t{5000});
}

TEST(a_closed_writer_refuses) {
  const TestDirectory directory;
  EventFileWriter writer(directory.path());
  writer.close();
  CHECK(writer.is_closed());
  CHECK_EQ(writer.close(), 0);
  CHECK_EQ(writer.flush(), 0);
  CHECK_THROWS(ArgumentError, (writer.add_scalar("s", 1, 0), 0));
}

TEST(a_hundred_writers_keep_apart) {
  const TestDirectory directory;
  std::vector<std::unique_ptr<EventFileWriter>> writers;
  for (int i = 0; i < 100; ++i) {
    writers.push_back(std::make_unique<EventFileWriter>(directory.path() + "/" + std::to_string(i)));
  }
  for (std::int64_t step = 0; step < 100; ++step) {
    for (std::size_t i = 0; i < writers.size(); ++i)
      writers[i]->add_scalar("s", static_cast<double>(i), step);
  }
  for (std::size_t i = 0; i < writers.size(); ++i) {
    const std::string path = writers[i]->path();
    writers[i]->close();
    const auto values = values_of(path);
    CHECK_EQ(values.size(), std::size_t{100});
    CHECK(std::all_of(values.begin(), values.end(),
                      [&](const auto& v) { return v.scalar == static_cast<double>(i); }));
  }
}

TEST(an_op_larger_than_the_ring_allows_is_written_all_the_same) {
  const TestDirectory directory;
  EventFileWriter writer(directory.path());
  const std::string huge(static_cast<std::size_t>(writer.backend().ring().max_body_size()) + 1, 'x');
  writer.add_scalar("before", 1, 0);
  writer.add_message(OpKind::kEvent, as_bytes(huge), 0, 0);
  CHECK(fs::file_size(writer.path()) > huge.size());  // before the call returned
}

TEST(messages_go_through_unchanged) {
  const TestDirectory directory;
  EventFileWriter writer(directory.path());
  Buffer summary;
  encode_described_scalar("t", 2.5, ScalarStyle::kSimpleValue, "name", "words", summary);
  writer.add_message(OpKind::kSummary, summary.bytes(), 9, 1.0);
  writer.flush();
  const auto values = values_of(writer.path());
  CHECK_EQ(values.size(), std::size_t{1});
  CHECK_EQ(values[0].scalar, 2.5);
  CHECK_EQ(values[0].step, std::int64_t{9});
}

// A sink that does as it is told.
class TroubledSink : public Sink {
 public:
  explicit TroubledSink(std::atomic<int>& trouble) : trouble_(trouble) {}
  Appended append(Bytes bytes) noexcept override {
    if (trouble_ != 0) {
      const std::size_t half = bytes.size() / 2;
      content_.append(bytes.first(half));
      return {half, trouble_};
    }
    content_.append(bytes);
    return {bytes.size()};
  }
  void sync() override {}
  std::uint64_t size() const override { return content_.size(); }
  const std::string& path() const override { return path_; }
  Buffer content_;

 private:
  std::atomic<int>& trouble_;
  std::string path_ = "troubled";
};

TEST(what_a_failing_sink_refuses_is_kept_and_written_later) {
  Backend& backend = ProcessBackend::instance();
  std::atomic<int> trouble{ENOSPC};
  auto sink = std::make_unique<TroubledSink>(trouble);
  TroubledSink& seen = *sink;
  Channel& channel = backend.open(SinkPlan{std::move(sink)});
  const Name& tag = *backend.names().add_tag(*channel.name, "s");
  for (std::int64_t step = 0; step < 1000; ++step) {
    backend.ring().try_push_scalar(tag.id, ScalarStyle::kSimpleValue, 1, step, 1, channel.pushed);
  }
  CHECK_EQ(backend.flush(channel), ENOSPC);
  CHECK(backend.notices().any());
  CHECK_EQ(backend.notices().take().size(), std::size_t{1});
  CHECK_EQ(backend.flush(channel), ENOSPC);
  CHECK(!backend.notices().any());  // said once
  trouble = 0;
  CHECK_EQ(backend.flush(channel), 0);
  CHECK(backend.counters().write_retries.load() > 0);

  const fs::path path = fs::temp_directory_path() / "tickertape_troubled_sink";
  fs::remove(path);
  File::create(path).append_some(seen.content_.bytes());
  RecordReader reader(path);
  std::int64_t step = 0;
  for (Bytes record; reader.next(record); ++step) CHECK_EQ(decode_event(record).step, step);
  CHECK_EQ(step, std::int64_t{1000});
  CHECK_EQ(reader.tail_bytes(), std::uint64_t{0});
  fs::remove(path);
  backend.close(channel);
}

TEST(threads_share_a_writer) {
  const TestDirectory directory;
  EventFileWriter writer(directory.path());
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      const std::string tag = std::to_string(thread);
      for (std::int64_t step = 0; step < 5000; ++step) {
        writer.add_scalar(tag, 1, step);
        if (step % 500 == 0) writer.flush();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  writer.flush();
  std::vector<std::int64_t> next(4, 0);
  for (const FileValue& value : values_of(writer.path())) CHECK_EQ(value.step, next[std::stoul(value.tag)]++);
  CHECK(next == std::vector<std::int64_t>(4, 5000));
}

#if !defined(__SANITIZE_THREAD__)  // TSan does not follow threads started after a fork
TEST(a_forked_child_logs_to_a_directory_of_its_own) {
  const TestDirectory directory;
  EventFileWriter writer(directory.path());
  writer.add_scalar("parent", 1, 0);
  CHECK_EQ(fork_directory(directory.path()), directory.path());
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  for (int round = 0; round < 3; ++round) {  // the number of a dead child is used again
    const pid_t child = fork();
    if (child == 0) {
      writer.add_scalar("child", 2, 0);
      const std::string path = writer.path();
      writer.close();
      _exit(write(ends[1], path.data(), path.size()) == static_cast<ssize_t>(path.size()) ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
    char text[4096];
    const ssize_t size = read(ends[0], text, sizeof text);
    const std::string path(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    CHECK_EQ(path.substr(0, path.rfind('/')), directory.path() + "/fork_1");
    CHECK_EQ(values_of(path).at(0).tag, "child");
  }
  close(ends[0]);
  close(ends[1]);
  writer.add_scalar("parent", 1, 1);
  const std::string mine = writer.path();
  writer.close();
  CHECK_EQ(values_of(mine).size(), std::size_t{2});
}

TEST(living_children_have_directories_of_their_own) {
  const TestDirectory directory;
  EventFileWriter writer(directory.path());
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  std::vector<pid_t> children;
  std::set<std::uint32_t> numbers{0};
  for (int i = 0; i < 5; ++i) {
    children.push_back(fork());
    if (children.back() == 0) {
      const std::uint32_t number = fork_number();
      if (write(ends[1], &number, sizeof number) != ssize_t{sizeof number}) _exit(1);
      for (;;) pause();
    }
    std::uint32_t number = 0;
    CHECK_EQ(read(ends[0], &number, sizeof number), ssize_t{sizeof number});
    CHECK(numbers.insert(number).second);
  }
  CHECK(numbers == (std::set<std::uint32_t>{0, 1, 2, 3, 4, 5}));
  for (const pid_t child : children) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  close(ends[0]);
  close(ends[1]);
}

TEST(exit_without_close_loses_nothing) {
  const TestDirectory directory;
  const pid_t child = fork();
  if (child == 0) {
    auto* never_closed = new EventFileWriter(directory.path());
    for (std::int64_t step = 0; step < 20'000; ++step) never_closed->add_scalar("s", 1, step);
    std::exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK_EQ(status, 0);
  CHECK_EQ(values_of(directory.files().at(0)).size(), std::size_t{20'000});
}
#endif

TEST(what_is_wrong_with_the_directory_shows_at_once) {
  const TestDirectory directory;
  const EventFileWriter writer(directory.path());
  CHECK_THROWS(IoError, EventFileWriter(writer.path()));
  CHECK_THROWS(IoError, EventFileWriter(writer.path() + "/below"));
  CHECK_THROWS(IoError, EventFileWriter(directory.path() + "/" + std::string(300, 'x')));
  CHECK_THROWS(ArgumentError, EventFileWriter(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
