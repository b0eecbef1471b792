// Recovery on any ring and event files: nothing but whole records is appended, what stood there stays, and a
// recovery that was cut short ends as one that was not.
#include <sys/resource.h>

#include <csignal>

#include "recovery/recovery.h"
#include "ring_image.h"
#include "scan.h"
#include "tfrecord/record_writer.h"

using namespace tickertape;
using namespace tickertape::fuzz;

namespace {

using Files = std::array<std::string, kFiles>;

// The record that each event file begins with. Longer than all commit slots of the ring, so that a limit on
// the size of files hits the event files alone.
const std::string& opening() {
  static const std::string record = [] {
    Buffer out;
    const std::string data(1000, 'o');
    append_record(out, as_bytes(data));
    return std::string(as_text(out.bytes()));
  }();
  return record;
}

Files contents() {
  Files all;
  for (std::size_t i = 0; i < kFiles; ++i) all[i] = read_all(Place::get().file(i));
  return all;
}

void put(const RingImage& image, const Files& files) {
  fs::remove(Place::get().ring() + ".damaged");
  write_all(Place::get().ring(), image.bytes);
  for (std::size_t i = 0; i < kFiles; ++i) write_all(Place::get().file(i), files[i]);
}

// The new bytes are whole records; the first of them may complete one that was cut off.
void check_growth(const std::string& before, const std::string& after) {
  PROMISE(after.starts_with(before));
  if (after.size() == before.size()) return;
  std::size_t from = before.size();
  while (from > 0 && !whole_records(as_bytes(after), from)) --from;
  PROMISE(whole_records(as_bytes(after), from));
}

// FUZZ_WORDS=1 says what becomes of an input.
void say(const RecoveryReport& report) {
  static const bool is_wanted = std::getenv("FUZZ_WORDS") != nullptr;
  for (const RingReport& ring : report.rings) {
    for (const std::string& words : ring.words()) {
      if (is_wanted) std::fprintf(stderr, "%s\n", words.c_str());
    }
  }
}

Files recover(const Files& before, const std::string& under) {
  say(recover_rings(under));
  const Files after = contents();
  for (std::size_t i = 0; i < kFiles; ++i) check_growth(before[i], after[i]);
  return after;
}

Files recover_in_two(const Files& before, std::uint64_t limit) {
  rlimit normal;
  getrlimit(RLIMIT_FSIZE, &normal);
  const rlimit small{limit, normal.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  recover_rings("");
  setrlimit(RLIMIT_FSIZE, &normal);
  const Files middle = contents();
  for (std::size_t i = 0; i < kFiles; ++i) PROMISE(middle[i].starts_with(before[i]));
  recover_rings("");
  return contents();
}

// What should stand in a file that began as `before`, when `missing` belongs behind byte `base`.
std::string expected(const std::string& before, std::size_t base, const std::string& missing) {
  const std::string there = before.substr(base);
  const auto differ = std::mismatch(there.begin(), there.end(), missing.begin(), missing.end());
  const auto common = static_cast<std::size_t>(differ.first - there.begin());
  if (common == missing.size()) return before;
  if (common == there.size()) return before + missing.substr(common);
  std::size_t whole = 0;
  const auto ends = whole_records(as_bytes(missing), 0);
  for (const std::size_t end : ends.value()) {
    if (end <= common) whole = end;
  }
  return before + missing.substr(whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  [[maybe_unused]] static const auto ignored =
      std::signal(SIGXFSZ, SIG_IGN);  // writes end with EFBIG instead
  Input input({data, size});
  std::array<std::size_t, kFiles> there;  // bytes that the files have of what they lack
  for (std::size_t& bytes : there) bytes = input.up_to(2000);
  const Bytes strange = input.take_bytes(input.byte() % 64);
  const std::uint64_t limit = opening().size() + input.up_to(4000);
  const std::string under = input.byte() % 8 == 0 ? Place::get().logs() : "";
  Files files;
  files.fill(opening());
  std::array<std::uint64_t, kFiles> sizes;
  sizes.fill(opening().size());
  const RingImage image = describe_ring(input, sizes);

  put(image, files);
  const Files whole = recover(files, under);
  PROMISE(recover(whole, under) == whole);
  PROMISE(!image.is_sound || !under.empty() || !fs::exists(Place::get().ring()));

  Files begun = files, ended = files;
  for (std::size_t i = 0; i < kFiles; ++i) {
    const std::string missing = whole[i].substr(files[i].size());
    begun[i] += missing.substr(0, there[i]);
    if (i == 0) begun[i] += as_text(strange);
    ended[i] = image.is_sound ? expected(begun[i], files[i].size(), missing) : "";
  }
  put(image, begun);
  const Files once = recover(begun, under);
  PROMISE(!image.is_sound || once == ended);
  put(image, begun);
  const Files twice = recover_in_two(begun, limit);
  PROMISE(!image.is_sound || twice == ended);
  return 0;
}
