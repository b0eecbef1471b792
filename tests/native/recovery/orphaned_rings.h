// What the tests of recovery share: children that log and die at a chosen moment, and what should be in their
// files.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/endian.h"
#include "check.h"
#include "recovery/recovery.h"
#include "tfrecord/format.h"
#include "writer/event_file_writer.h"

namespace tickertape::test {

namespace fs = std::filesystem;

inline std::vector<std::string> entries_of(const std::string& directory) {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(directory)) all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void put_content(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// A log directory and a place for rings, both empty; children inherit them.
class Scene {
 public:
  Scene() {
    // The tests make thousands of small files: in memory if possible.
    const fs::path place = fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
    std::string name = (place / "tickertape_test_XXXXXX").string();
    root_ = mkdtemp(name.data());
    fs::create_directory(logs());
    fs::create_directory(rings());
    fs::permissions(rings(), fs::perms::owner_all);
    setenv("TICKERTAPE_RING_DIR", rings().c_str(), 1);
    setenv("TICKERTAPE_QUEUE_BYTES", "4194304", 1);
  }
  ~Scene() {
    // Again if this process's backend has moved its ring there meanwhile.
    std::error_code error;
    do fs::remove_all(root_, error);
    while (error == std::errc::directory_not_empty);
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  std::string logs() const { return root_ + "/logs"; }
  std::string rings() const { return root_ + "/rings"; }
  std::string ring() const { return entries_of(rings()).at(0); }
  std::string file() const { return entries_of(logs()).at(0); }

 private:
  std::string root_;
};

// Runs `body` in a child, waits for it, and returns the status of waitpid().
template <typename Body>
int in_child(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    failures() = 0;
    try {
      body();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      _exit(99);
    }
    _exit(failures() == 0 ? 0 : 98);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

[[noreturn]] inline void die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// From now on no file of this process grows beyond `size`: writes fail with EFBIG.
inline void limit_file_size(std::uint64_t size) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{size, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &limit);
}

// Logs one op of every kind and some scalars for each step. No two runs differ.
inline void log_steps(EventFileWriter& writer, std::int64_t from, std::int64_t to, std::size_t size = 3000) {
  for (std::int64_t step = from; step < to; ++step) {
    const double wall_time = static_cast<double>(step) + 0.5;
    for (int i = 0; i < 5; ++i) writer.add_scalar("scalar", static_cast<double>(i), step, wall_time);
    std::vector<float> numbers(size);
    for (std::size_t i = 0; i < size; ++i) numbers[i] = static_cast<float>(i % 97) / 97;
    const auto count = static_cast<std::ptrdiff_t>(size);
    const std::ptrdiff_t stride = sizeof(float);
    HistogramOp histogram;
    histogram.values.source = {numbers.data(), DType::kFloat32, 1, &count, &stride};
    writer.add(OpKind::kHistogram, "histogram", histogram, step, wall_time);
    PrCurveOp curve;
    const std::ptrdiff_t nothing = 0;
    curve.thresholds = 11;
    curve.labels.source = curve.predictions.source = histogram.values.source;
    curve.weights.source = {nullptr, DType::kFloat64, 1, &nothing, &nothing};
    writer.add(OpKind::kPrCurve, "curve", curve, step, wall_time);
    std::vector<std::uint8_t> packed(size);
    for (std::size_t i = 0; i < size; ++i) packed[i] = static_cast<std::uint8_t>(i % 11 | (i % 2) << 7);
    writer.add(OpKind::kPackedPrCurve, "packed", PackedPrCurveOp{11, packed}, step, wall_time);
    ImageOp image;
    const std::vector<std::uint64_t> shape{3, 10, 10};
    const std::ptrdiff_t extents[] = {3, 10, 10};
    const std::ptrdiff_t strides[] = {400, 40, 4};
    image.dataformats = "CHW";
    image.shape = shape;
    image.pixels.source = {numbers.data(), DType::kFloat32, 3, extents, strides};
    writer.add(OpKind::kImage, "image", image, step, wall_time);
    writer.add_scalar("double", 0.1, step, wall_time, ScalarStyle::kDoubleTensor);
  }
}
inline constexpr std::uint64_t kOpsOfStep = 10;

// The bytes of an event file after its opening record, whose time differs from run to run.
inline std::string behind_opening(const std::string& path) {
  const std::string all = content_of(path);
  if (all.size() < record_format::kLengthBytes) return {};
  const auto length = load_le<std::uint64_t>(reinterpret_cast<const std::uint8_t*>(all.data()));
  return all.substr(std::min<std::size_t>(all.size(), length + record_format::kOverheadBytes));
}

// The same for a file that was written without trouble.
template <typename Log>
std::string undisturbed(Log log) {
  const Scene scene;
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    log(writer);
    writer.close();
  });
  CHECK_EQ(status, 0);
  return behind_opening(scene.file());
}

inline void log_scalars(EventFileWriter& writer, std::int64_t from, std::int64_t to) {
  for (std::int64_t step = from; step < to; ++step) writer.add_scalar("s", 1, step, 1.0);
}

// The records of log_scalars() in a file that was written without trouble.
inline std::string scalars_from_to(std::int64_t from, std::int64_t to) {
  return undisturbed([&](EventFileWriter& writer) { log_scalars(writer, from, to); });
}

// Leaves a ring with the ops that `held` logs. The file has what `first` logs and then the first `bytes`
// bytes of those ops. (`first` must use every tag: under the limit the name log cannot grow.)
template <typename First, typename Held>
void leave_behind(const Scene& scene, First first, Held held, std::uint64_t bytes) {
  const int status = in_child([&] {
    EventFileWriter writer(scene.logs());
    first(writer);
    writer.flush();
    limit_file_size(fs::file_size(writer.path()) + bytes);
    held(writer);
    writer.flush();
    die();
  });
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

inline void log_first(EventFileWriter& writer) { log_steps(writer, 0, 1); }
inline void log_held(EventFileWriter& writer) { log_steps(writer, 1, 6); }
inline void log_both(EventFileWriter& writer) { log_steps(writer, 0, 6); }
inline constexpr std::uint64_t kHeldOps = 5 * kOpsOfStep;

inline bool has_word(const RecoveryReport& report, const char* text) {
  for (const RingReport& ring : report.rings) {
    for (const std::string& word : ring.words()) {
      if (word.find(text) != std::string::npos) return true;
    }
  }
  return false;
}

inline std::uint64_t events_of(const RecoveryReport& report) {
  std::uint64_t sum = 0;
  for (const RingReport& ring : report.rings) sum += ring.events();
  return sum;
}

}  // namespace tickertape::test
