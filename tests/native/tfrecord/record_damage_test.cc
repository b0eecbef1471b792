// Damage that imitates records: the reader finds what a plain scan finds, and its work is counted, not timed.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/endian.h"
#include "base/error.h"
#include "base/os/process.h"
#include "check.h"
#include "checksum/masked_crc.h"
#include "tfrecord/format.h"
#include "tfrecord/record_reader.h"
#include "tfrecord/record_writer.h"

namespace tickertape {
namespace {

using namespace record_format;

class Content {
 public:
  ~Content() { std::filesystem::remove(path()); }

  void add_record(std::string_view data) { append_record(bytes_, as_bytes(data)); }
  // A header with a right CRC, and nothing after it.
  void add_header(std::uint64_t length) {
    std::uint8_t* header = bytes_.extend(kHeaderBytes);
    store_le(header, length);
    store_le(header + kLengthBytes, MaskedCrc::of({header, kLengthBytes}).bits());
  }
  std::size_t size() const { return bytes_.size(); }
  Bytes bytes() const { return bytes_.bytes(); }
  std::string write() const {
    std::ofstream(path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes_.data()), static_cast<std::streamsize>(bytes_.size()));
    return path();
  }

 private:
  static std::string path() {
    return (std::filesystem::temp_directory_path() / ("tickertape_damage_" + std::to_string(process_id())))
        .string();
  }
  Buffer bytes_;
};

struct Read {
  std::vector<std::string> records;
  std::uint64_t checksummed, read;
};

Read read_all(const std::string& path) {
  RecordReader reader(path);
  Read all;
  for (Bytes data; reader.next(data);) all.records.emplace_back(as_text(data));
  all.checksummed = reader.work().checksummed_bytes();
  all.read = reader.work().read_bytes();
  return all;
}

// Every whole record that does not begin inside an earlier one, by trying each offset.
std::vector<std::string> scanned(Bytes file) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at + kOverheadBytes <= file.size();) {
    const auto length = record_length(file.data() + at);
    if (length && *length <= file.size() - at - kOverheadBytes) {
      const Bytes data = file.subspan(at + kHeaderBytes, static_cast<std::size_t>(*length));
      const auto stored = MaskedCrc::stored(load_le<std::uint32_t>(data.data() + data.size()));
      if (MaskedCrc::of(data) == stored) {
        found.emplace_back(as_text(data));
        at += data.size() + kOverheadBytes;
        continue;
      }
    }
    ++at;
  }
  return found;
}

// 8 bytes of each offset's header, and at most two blocks of RangeCrcs for each header of 12 bytes with a
// right CRC, are checksummed; the rest of the work is a few times the size. Nothing else may grow with the
// damage.
constexpr std::uint64_t kMostChecksummed = 8 + 2 * RangeCrcs::kBlockBytes / kHeaderBytes + 8;
constexpr std::uint64_t kMostRead = 2 * RangeCrcs::kBlockBytes / kHeaderBytes + 8;

void check_work(const Read& read, std::size_t size) {
  constexpr std::uint64_t kFree = std::uint64_t{4} << 20;  // what is read ahead, and what may fail at first
  CHECK(read.checksummed <= kMostChecksummed * size + kFree);
  CHECK(read.read <= kMostRead * size + kFree);
}

constexpr std::size_t kFileBytes = std::size_t{test::kIsSlow ? 1 : 4} << 20;

TEST(headers_whose_lengths_reach_to_the_end_cost_linear_work) {
  Content content;
  while (content.size() < kFileBytes) content.add_header(kFileBytes - content.size() - kOverheadBytes);
  content.add_record("after");
  const Read read = read_all(content.write());
  CHECK(read.records == std::vector<std::string>{"after"});
  check_work(read, content.size());
}

TEST(headers_whose_lengths_reach_anywhere_cost_linear_work) {
  std::mt19937_64 random(5);
  Content content;
  while (content.size() < kFileBytes) {
    const std::size_t most = kFileBytes - std::min(content.size() + kOverheadBytes, kFileBytes);
    content.add_header(9 + random() % (most + 1));  // 8 would be right: the next length and its CRC
  }
  content.add_record("after");
  const Read read = read_all(content.write());
  CHECK(read.records == std::vector<std::string>{"after"});
  check_work(read, content.size());
}

TEST(such_headers_between_records_cost_linear_work) {
  Content content;
  std::vector<std::string> expected;
  while (content.size() < kFileBytes) {
    content.add_header(kFileBytes - content.size());
    expected.push_back(std::to_string(content.size()));
    content.add_record(expected.back());
  }
  content.add_record("the lengths before reach to here");
  expected.emplace_back("the lengths before reach to here");
  content.add_record(std::string(100, 'x'));
  expected.emplace_back(100, 'x');
  const Read read = read_all(content.write());
  CHECK(read.records == expected);
  check_work(read, content.size());
}

// Large enough that the reader keeps CRCs: the first whole record is the outer one, which begins first.
TEST(the_first_whole_record_is_found_among_imitations) {
  std::mt19937_64 random(6);
  for (int turn = 0; turn < 20; ++turn) {
    Content content;
    content.add_record("before");
    for (int i = 0; i < 3; ++i) content.add_header(3'000'000 + random() % 1000);
    for (int i = 0; i < 200; ++i) {
      content.add_header(random() % 2'000'000);
      if (random() % 4 == 0) content.add_record(std::string(random() % 1000, 'r'));
      if (random() % 50 == 0) {
        Content inner;
        while (inner.size() < 20'000) {
          inner.add_header(random() % 100'000);
          inner.add_record(std::to_string(random()));
        }
        content.add_record(as_text(inner.bytes()));
      }
    }
    content.add_record(std::string(4'000'000, 'z'));
    const Read read = read_all(content.write());
    CHECK(read.records == scanned(content.bytes()));
    check_work(read, content.size());
  }
}

TEST(intact_files_are_read_and_checked_once) {
  Content content;
  for (std::size_t i = 0; content.size() < kFileBytes; ++i) content.add_record(std::string(i % 3000, 'a'));
  const Read read = read_all(content.write());
  CHECK(read.checksummed <= content.size());
  CHECK(read.read <= content.size());
}

TEST(a_sparse_hole_is_passed_over_without_checking_each_offset) {
  Content content;
  content.add_record("before");
  const std::string path = content.write();
  const std::uint64_t before = content.size();
  std::filesystem::resize_file(path, std::uint64_t{64} << 20);
  Buffer record;
  append_record(record, as_bytes("after"));
  std::ofstream(path, std::ios::binary | std::ios::app)
      .write(reinterpret_cast<const char*>(record.data()), static_cast<std::streamsize>(record.size()));
  RecordReader reader(path);
  Bytes data;
  CHECK(reader.next(data) && as_text(data) == "before");
  CHECK(reader.next(data) && as_text(data) == "after");
  CHECK_EQ(reader.damage()[0].offset, before);
  CHECK(reader.work().checksummed_bytes() < (std::uint64_t{1} << 20));
}

int asked = 0;

TEST(an_interrupt_ends_the_search_and_the_next_call_goes_on) {
  Content content;
  content.add_record("before");
  content.add_header(std::uint64_t{1} << 40);
  while (content.size() < (std::size_t{8} << 20)) content.add_header((std::size_t{8} << 20) - content.size());
  content.add_record(std::string(40, 'b'));
  RecordReader reader(content.write());
  Bytes data;
  CHECK(reader.next(data));
  asked = 0;
  reader.set_interrupt_check([] { return ++asked % 2 == 1; });
  int interrupted = 0;
  for (bool found = false; !found;) {
    try {
      found = reader.next(data);
      CHECK(found);
      found = true;
    } catch (const Interrupted&) {
      ++interrupted;
      if (interrupted > 3) reader.set_interrupt_check(nullptr);
    }
  }
  CHECK_EQ(as_text(data), std::string_view(std::string(40, 'b')));
  CHECK(interrupted >= 3);
}

// 12 bytes claim 256 MiB of a sparse file.
TEST(a_length_that_the_file_has_room_for_allocates_nothing_unless_it_is_a_record) {
  Content content;
  content.add_header(std::uint64_t{1} << 28);
  content.add_record("after");
  const std::string path = content.write();
  std::filesystem::resize_file(path, (std::uint64_t{1} << 28) + 1000);
  RecordReader reader(path);
  Bytes data;
  CHECK(reader.next(data) && as_text(data) == "after");
  CHECK(reader.buffer_bytes() <= (std::size_t{4} << 20));
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
