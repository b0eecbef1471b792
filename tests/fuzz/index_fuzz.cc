// Fuzzes the index of event files: one scan, scans in parts and scans of a growing file find the same, and
// the same as a plain reader of messages. An input describes the file's records; its CRCs are right unless
// the description breaks them.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "input.h"
#include "reader/plain_index.h"
#include "tfrecord/record_writer.h"

using namespace tickertape;
using namespace tickertape::fuzz;

namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 10;

std::string scratch_file() {
  static const std::string path = [] {
    const bool has_memory = std::filesystem::is_directory("/dev/shm");
    std::string name = has_memory ? "/dev/shm/tickertape_index_XXXXXX" : "/tmp/tickertape_index_XXXXXX";
    close(mkstemp(name.data()));
    return name;
  }();
  [[maybe_unused]] static const int registered = std::atexit([] { std::filesystem::remove(scratch_file()); });
  return path;
}

void write(Bytes bytes) {
  std::ofstream(scratch_file(), std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// Records of bytes from the input; now and then one again, garbage, or a flipped bit.
Buffer describe(Input& input) {
  Buffer file, last;
  while (!input.empty() && file.size() < kMaxBytes) {
    const unsigned what = input.byte() % 16;
    const std::size_t start = file.size();
    if (what == 0) {
      file.append(input.take_bytes(input.up_to(50)));
    } else if (what < 4) {
      append_record(file, last.bytes());
    } else {
      last.clear();
      last.append(input.take_bytes(input.up_to(400)));
      append_record(file, last.bytes());
    }
    if (what == 15 && file.size() != start)
      file.data()[start + input.up_to(65535) % (file.size() - start)] ^= input.byte();
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  const std::size_t parts = 2 + input.byte() % 8;
  const std::size_t cut = input.take<std::uint16_t>();
  const Buffer file = describe(input);
  write(file.bytes());
  const auto whole = test::scan_in_parts(scratch_file());
  const std::string expected = test::text_of(*whole);
  PROMISE(test::PlainIndex::text_of(*whole) == test::PlainIndex(scratch_file()).text());
  PROMISE(test::text_of(*test::scan_in_parts(scratch_file(), nullptr, parts)) == expected);
  // A record inside one that is cut off is found while the rest of the outer one is missing, so a damaged
  // file need not grow to the same index.
  const bool is_damaged =
      std::ranges::any_of(whole->problems, [](const Problem& each) { return each.cause == "damaged"; });
  if (file.empty() || is_damaged || whole->tail != 0) return 0;
  write(file.bytes().first(cut % file.size()));
  const auto before = test::scan_in_parts(scratch_file());
  write(file.bytes());
  PROMISE(test::text_of(*test::scan_in_parts(scratch_file(), before, 2)) == expected);
  return 0;
}
