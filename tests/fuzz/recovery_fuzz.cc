// Recovery on any ring and event files: nothing but whole records is appended, what stood there stays, and a
// recovery that was cut short ends as one that was not.
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <vector>

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
    // An Event whose file_version (field 3) has 1,000 bytes.
    std::string data = "\x1A\xE8\x07" + std::string("brain.Event:2");
    data.resize(3 + 1000, 'o');
    append_record(out, as_bytes(data));
    return std::string(as_text(out.bytes()));
  }();
  return record;
}

// The files that recovery has begun for file number `index`, by name.
std::vector<std::string> begun_files(std::size_t index) {
  const std::string start = fs::path(Place::get().file(index)).filename().string() + ".recovered.";
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(Place::get().logs())) {
    if (entry.path().filename().string().starts_with(start)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Files contents() {
  Files all;
  for (std::size_t i = 0; i < kFiles; ++i) all[i] = read_all(Place::get().file(i));
  return all;
}

// The bytes after the opening of each file that recovery has begun; they are whole records.
Files begun_contents() {
  Files all;
  for (std::size_t i = 0; i < kFiles; ++i) {
    for (const std::string& path : begun_files(i)) {
      const std::string content = read_all(path);
      const auto ends = whole_records(as_bytes(content), 0);
      PROMISE(ends && !ends->empty());
      all[i] += content.substr(ends->front());
    }
  }
  return all;
}

// What a name stands for: kind, mode, owner, number of names, and what is in it.
std::string describe(const fs::path& path) {
  struct stat status;
  PROMISE(lstat(path.c_str(), &status) == 0);
  std::string text = path.string();
  for (const std::uint64_t number : {std::uint64_t{status.st_mode}, std::uint64_t{status.st_uid},
                                     std::uint64_t{status.st_gid}, std::uint64_t{status.st_ino}})
    text += " " + std::to_string(number);
  // The number of names of a directory counts what is below it, which has lines of its own.
  if (!S_ISDIR(status.st_mode)) text += " " + std::to_string(status.st_nlink);
  if (S_ISLNK(status.st_mode)) text += " -> " + fs::read_symlink(path).string();
  return text;
}

// Everything below the root but rings and the files that recovery begins. Event files without their content,
// which check_growth() looks at; nobody has written to any other since it was made.
std::string surroundings() {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(Place::get().root())) {
    const fs::path& path = entry.path();
    const std::string name = path.filename();
    const bool is_ring = path.parent_path() == fs::path(Place::get().ring()).parent_path();
    const bool is_in_logs = path.parent_path() == Place::get().logs();
    if (is_ring || (is_in_logs && name.find(".recovered.") != std::string::npos)) continue;
    std::string line = describe(path);
    bool is_log = false;
    for (std::size_t i = 0; i < kFiles; ++i) is_log = is_log || path == Place::get().file(i);
    if (!is_log && entry.symlink_status().type() == fs::file_type::regular) {
      line += " " +
              std::to_string(static_cast<long long>(fs::last_write_time(path).time_since_epoch().count())) +
              "=" + read_all(path);
    }
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

void put(const RingImage& image, const Files& files) {
  fs::remove(Place::get().ring() + ".damaged");
  fs::remove(Place::get().ring() + ".orphaned");
  write_all(Place::get().ring(), image.bytes);
  for (std::size_t i = 0; i < kFiles; ++i) {
    write_all(Place::get().file(i), files[i]);
    for (const std::string& path : begun_files(i)) fs::remove(path);
  }
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

// What recovery made of the files, and of the files that it began.
struct Outcome {
  Files files, begun;
  std::uint64_t lost = 0;
  bool operator==(const Outcome& other) const { return files == other.files && begun == other.begun; }
};

Outcome recover(const Files& before, const std::string& under) {
  static const std::string known = surroundings();
  const RecoveryReport report = recover_rings(under);
  say(report);
  Outcome after{contents(), begun_contents()};
  for (const RingReport& ring : report.rings) after.lost += ring.events_lost();
  for (std::size_t i = 0; i < kFiles; ++i) check_growth(before[i], after.files[i]);
  PROMISE(surroundings() == known);
  return after;
}

Outcome recover_in_two(const Files& before, std::uint64_t limit) {
  rlimit normal;
  getrlimit(RLIMIT_FSIZE, &normal);
  const rlimit small{limit, normal.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  recover_rings("");
  setrlimit(RLIMIT_FSIZE, &normal);
  const Files middle = contents();
  for (std::size_t i = 0; i < kFiles; ++i) PROMISE(middle[i].starts_with(before[i]));
  recover_rings("");
  return {contents(), begun_contents()};
}

// Adds what should become of a file that is `before` now, if the records `missing` belong after byte `base`.
void expect(Outcome& outcome, std::size_t index, const std::string& before, std::size_t base,
            const std::string& missing) {
  const auto ends = whole_records(as_bytes(missing), 0).value();
  std::size_t at = base, there = 0;
  while (const auto record = record_at(as_bytes(before), at)) {
    at = record->end;
    ++there;
  }
  outcome.files[index] = before;
  outcome.begun[index].clear();
  if (there >= ends.size()) return;
  const std::size_t from = there == 0 ? 0 : ends[there - 1];
  const std::string torn = before.substr(at);
  const std::string rest = missing.substr(from);
  if (rest.substr(0, ends[there] - from).starts_with(torn)) {
    outcome.files[index] += rest.substr(torn.size());
  } else {
    outcome.begun[index] = rest;
  }
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
  const Outcome whole = recover(files, under);
  PROMISE(recover(whole.files, under) == whole);
  PROMISE(!image.is_sound || !under.empty() || !fs::exists(Place::get().ring()));

  // A record cannot be told from that of an op that cannot be encoded, so no file has records after such an
  // op.
  const bool is_sound = image.is_sound && whole.lost == 0;
  Files begun = files;
  Outcome ended;
  for (std::size_t i = 0; i < kFiles; ++i) {
    const std::string missing = whole.files[i].substr(files[i].size());
    begun[i] += missing.substr(0, there[i]);
    if (i == 0) begun[i] += as_text(strange);
    if (is_sound) expect(ended, i, begun[i], files[i].size(), missing);
  }
  put(image, begun);
  const Outcome once = recover(begun, under);
  PROMISE(!is_sound || once == ended);
  put(image, begun);
  const Outcome twice = recover_in_two(begun, limit);
  PROMISE(!is_sound || twice == ended);
  return 0;
}
