// Logs some of everything while fail_nth.c fails its calls, and says in a shared file which calls returned.
// Run by test_nth_failure.py, which knows what must then be in the files.
//
//   fault_driver LOG_DIR ANSWERS HOW     HOW: close, return or kill; or recover, which logs nothing
//
// ANSWERS has a byte for each call (its number is the event's step) and, after them, a word with the number
// of events that the backend says it has dropped.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "recovery/recovery.h"
#include "writer/event_file_writer.h"

namespace {

using namespace tickertape;

constexpr std::size_t kCalls = 4088;  // and the word after them: one page

struct Answers {
  enum Answer : std::uint8_t { kNotCalled = 0, kAccepted = 1, kRefused = 2, kBegun = 3 };
  std::uint8_t of_call[kCalls];
  std::uint64_t dropped;
};

void arm(int on) {
  if (void* set = dlsym(RTLD_DEFAULT, "fail_nth_arm")) reinterpret_cast<void (*)(int)>(set)(on);
}

// Makes call number `step` and notes what came of it.
template <typename Call>
void ask(Answers& answers, std::int64_t step, Call call) {
  std::uint8_t& answer = answers.of_call[step];
  answer = Answers::kBegun;
  try {
    answer = call() ? Answers::kAccepted : Answers::kRefused;
  } catch (const std::exception&) {  // bad_alloc, IoError: what Python would raise
    answer = Answers::kRefused;
  }
}

BodyArray array_of(const std::vector<float>& numbers, const std::ptrdiff_t& count) {
  static constexpr std::ptrdiff_t kStride = sizeof(float);
  BodyArray array;
  array.source = {numbers.data(), DType::kFloat32, 1, &count, &kStride};
  return array;
}

bool add_histogram(EventFileWriter& writer, std::size_t size, std::int64_t step) {
  const std::vector<float> numbers(size, 0.5F);
  const auto count = static_cast<std::ptrdiff_t>(size);
  HistogramOp histogram;
  histogram.values = array_of(numbers, count);
  return writer.add(OpKind::kHistogram, "histogram", histogram, step, 1.0);
}

bool add_image(EventFileWriter& writer, std::int64_t step) {
  const std::vector<std::uint8_t> pixels(3 * 64 * 64, 7);
  const std::uint64_t shape[] = {3, 64, 64};
  const std::ptrdiff_t extents[] = {3, 64, 64}, strides[] = {4096, 64, 1};
  ImageOp image;
  image.dataformats = "CHW";
  image.shape = shape;
  image.pixels.source = {pixels.data(), DType::kUint8, 3, extents, strides};
  return writer.add(OpKind::kImage, "image", image, step, 1.0);
}

// Steps `from` to `to`: scalars mostly, histograms for the pool, images, new tags, and flushes between them.
void log(EventFileWriter& writer, Answers& answers, std::int64_t from, std::int64_t to) {
  for (std::int64_t step = from; step < to; ++step) {
    ask(answers, step, [&] {
      if (step % 40 == 11) return add_histogram(writer, 100, step);
      if (step % 40 == 22) return add_histogram(writer, 20'000, step);
      if (step % 40 == 33) return add_image(writer, step);
      if (step % 10 == 5) return writer.add_scalar("tag " + std::to_string(step), 1, step, 1.0);
      return writer.add_scalar("scalar", static_cast<double>(step), step, 1.0);
    });
    try {
      if (step % 30 == 29) writer.flush();
      if (step % 50 == 49) writer.file()->sync();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
      // It says that it could not; what it had accepted is still its own.
    }
  }
}

// Standard output: what Python would warn of.
void say_notices() {
  arm(0);
  if (Backend* backend = ProcessBackend::current()) {
    for (const Notice& notice : backend->notices().take()) std::printf("%s\n", notice.text.c_str());
  }
  std::fflush(stdout);
}

void log_everything(const std::string& directory, Answers& answers, const std::string& how) {
  EventFileWriter writer(directory);
  log(writer, answers, 1, 121);
  {
    EventFileWriter second(directory + "/second");
    log(second, answers, 121, 161);
    ask(answers, 161, [&] { return add_histogram(second, 2'000'000, 161); });  // too large for the ring
  }
  log(writer, answers, 162, 202);
  if (how == "close") writer.close();
  if (how != "kill") return;
  answers.dropped = writer.backend().counters().events_dropped.load();
  say_notices();
  kill(getpid(), SIGKILL);
}

// Standard output: how many events are lost; then what else there is to say.
void recover(const std::string& directory) {
  std::uint64_t lost = 0;
  std::string words;
  for (const RingReport& ring : recover_rings(directory).rings) {
    lost += ring.events_lost();
    for (const std::string& text : ring.words()) words += text + "\n";
  }
  arm(0);
  std::printf("%llu\n%s", static_cast<unsigned long long>(lost), words.c_str());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 64;
  const int file = open(arguments[2], O_RDWR);
  void* shared = mmap(nullptr, sizeof(Answers), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared == MAP_FAILED) return 65;
  static auto& answers = *static_cast<Answers*>(shared);
  // Registered before the backend's own handler, so it runs after it.
  std::atexit([] {
    say_notices();
    if (Backend* backend = ProcessBackend::current())
      answers.dropped = backend->counters().events_dropped.load();
  });
  arm(1);
  try {
    const std::string how = arguments[3];
    how == "recover" ? recover(arguments[1]) : log_everything(arguments[1], answers, how);
  } catch (const std::exception& error) {  // a writer that could not be opened
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 0;
}
