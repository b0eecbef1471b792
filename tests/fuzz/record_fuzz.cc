// Fuzzes the record reader with files of records, damage and garbage, complete and while they grow. The
// oracle is a plain scan. An input describes a file; its CRCs are right unless the description breaks them.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/endian.h"
#include "checksum/masked_crc.h"
#include "input.h"
#include "reader/log_scan.h"
#include "scan.h"
#include "tfrecord/record_reader.h"
#include "tfrecord/record_writer.h"

using namespace tickertape;
using namespace tickertape::fuzz;

namespace {

constexpr std::size_t kMaxBytes = std::size_t{3} << 20;  // several times the reader's buffer

std::string scratch_file() {
  static const std::string path = [] {
    const bool has_memory = std::filesystem::is_directory("/dev/shm");
    std::string name = has_memory ? "/dev/shm/tickertape_fuzz_XXXXXX" : "/tmp/tickertape_fuzz_XXXXXX";
    close(mkstemp(name.data()));
    return name;
  }();
  [[maybe_unused]] static const int registered = std::atexit([] { std::filesystem::remove(scratch_file()); });
  return path;
}

void put_length(std::uint64_t length, Buffer& file) {
  std::uint8_t bytes[12];
  store_le(bytes, length);
  store_le(bytes + 8, plain_masked({bytes, 8}));
  file.append(bytes);
}

void describe(Input& input, Buffer& file) {
  while (!input.empty() && file.size() < kMaxBytes) {
    const unsigned what = input.byte();
    const std::size_t start = file.size();
    const Bytes data = what % 8 == 6 ? Bytes() : input.take_bytes(input.up_to(200));
    switch (what % 8) {
      case 0:
        file.append(data);
        break;
      case 5:  // a length that is too large or too small
        put_length(input.take<std::uint64_t>() >> input.byte() % 64, file);
        file.append(data);
        break;
      case 6: {  // many equal bytes
        const std::size_t count = 1 + input.up_to(65535) * (what / 8 % 8 == 7 ? 32 : 1);
        if (file.size() + count <= kMaxBytes) std::memset(file.extend(count), input.byte(), count);
        break;
      }
      default: {
        RecordBuilder record(file);
        file.append(data);
        record.finish();
      }
    }
    const std::size_t size = file.size() - start;
    if (what % 8 == 3 && size != 0) file.truncate(start + input.up_to(65535) % size);
    if (what % 8 == 4 && size != 0) file.data()[start + input.up_to(65535) % size] ^= input.byte();
  }
}

struct Expected {
  std::vector<PlainRecord> records;
  std::vector<DamagedRegion> damage;
  std::size_t end = 0;         // end of the last record
  bool is_unambiguous = true;  // no record is inside another
};

Expected scan(Bytes file) {
  Expected expected;
  for (std::size_t at = 0; at < file.size(); ++at) {
    const auto record = record_at(file, at);
    if (record && at < expected.end) expected.is_unambiguous = false;
    if (!record || at < expected.end) continue;
    if (at != expected.end) expected.damage.push_back({expected.end, at - expected.end});
    expected.records.push_back(*record);
    expected.end = record->end;
  }
  return expected;
}

void append(Bytes bytes) {
  std::ofstream(scratch_file(), std::ios::binary | std::ios::app)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void read_on(RecordReader& reader, Bytes file, std::vector<PlainRecord>& found) {
  for (Bytes data; reader.next(data);) {
    const auto from = static_cast<std::size_t>(reader.offset()) - data.size() - 4;
    PROMISE(std::ranges::equal(data, file.subspan(from, data.size())));
    found.push_back({from, data.size(), static_cast<std::size_t>(reader.offset())});
  }
}

void check(const Expected& expected, const std::vector<PlainRecord>& found, const RecordReader& reader,
           Bytes file) {
  const auto same = [](const PlainRecord& a, const PlainRecord& b) {
    return a.from == b.from && a.size == b.size;
  };
  PROMISE(std::ranges::equal(found, expected.records, same));
  PROMISE(reader.offset() == expected.end && reader.tail_bytes() == file.size() - expected.end);
  std::size_t lost = 0, lost_expected = 0;
  for (const DamagedRegion& region : reader.damage()) lost += region.size;
  for (const DamagedRegion& region : expected.damage) lost_expected += region.size;
  PROMISE(lost == lost_expected && reader.damage().size() == expected.damage.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  std::size_t cuts[] = {input.up_to(65535), input.up_to(65535)};
  Buffer content;
  describe(input, content);
  const Bytes file = content.bytes();
  const Expected expected = scan(file);

  std::filesystem::resize_file(scratch_file(), 0);
  append(file);
  for (const bool keeps_crcs : {false, true}) {  // the other way to check a record, which large damage brings
    RecordReader reader(scratch_file());
    if (keeps_crcs) reader.set_free_bytes(0);
    std::vector<PlainRecord> found;
    read_on(reader, file, found);
    check(expected, found, reader, file);
  }
  scan_files({{scratch_file(), nullptr}}, {}, {}, 1);

  // A whole record inside a record that is cut off is returned while the rest of the outer one is missing.
  // Which of them is meant cannot be known.
  if (!expected.is_unambiguous || file.empty()) return 0;
  for (std::size_t& cut : cuts) cut = cut * 48 % file.size();
  std::filesystem::resize_file(scratch_file(), 0);
  RecordReader follower(scratch_file());
  follower.set_free_bytes(0);
  std::vector<PlainRecord> followed;
  std::size_t there = 0;
  for (const std::size_t until : {std::min(cuts[0], cuts[1]), std::max(cuts[0], cuts[1]), file.size()}) {
    append(file.subspan(there, until - there));
    there = until;
    read_on(follower, file, followed);
  }
  check(expected, followed, follower, file);
  return 0;
}
