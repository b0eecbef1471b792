// Scans of one file: in parts, as it grows, damaged, and against a plain index.
#include "reader/file_scan.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "base/endian.h"
#include "base/os/process.h"
#include "check.h"
#include "checksum/masked_crc.h"
#include "event/encoder.h"
#include "protobuf/writer.h"
#include "reader/plain_index.h"
#include "tfrecord/record_writer.h"

namespace tickertape {
namespace {

using namespace protobuf;
using test::scan_in_parts;
using test::text_of;

class ScratchFile {
 public:
  ScratchFile() = default;
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() { std::filesystem::remove(path()); }

  std::string path() const {
    return (std::filesystem::temp_directory_path() / ("tickertape_scan_" + std::to_string(process_id())))
        .string();
  }
  // The inode stays.
  void write(Bytes bytes) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
};

// --- messages, field by field ---

std::string field(std::uint32_t number, const std::string& content) {
  std::string text(kMaxVarintBytes * 2, '\0');
  auto* start = reinterpret_cast<std::uint8_t*>(text.data());
  auto* end = store_varint(start, number << 3 | 2);
  end = store_varint(end, content.size());
  text.resize(static_cast<std::size_t>(end - start));
  return text + content;
}

std::string number_field(std::uint32_t number, std::uint64_t value) {
  std::string text(kMaxVarintBytes * 2, '\0');
  auto* start = reinterpret_cast<std::uint8_t*>(text.data());
  auto* end = store_varint(store_varint(start, number << 3), value);
  text.resize(static_cast<std::size_t>(end - start));
  return text;
}

template <typename T>
std::string fixed_field(std::uint32_t number, T value) {
  std::string text(1 + sizeof value, static_cast<char>(number << 3 | (sizeof value == 8 ? 1 : 5)));
  std::memcpy(text.data() + 1, &value, sizeof value);
  return text;
}

std::string event(std::uint64_t step, const std::string& summary) {
  return fixed_field(1, static_cast<double>(step) + 0.25) + number_field(2, step) + field(5, summary);
}

std::string value(const std::string& tag, const std::string& content) {
  return field(1, field(1, tag) + content);
}

std::string number(float number) { return fixed_field(value_field::kSimpleValue, number); }

std::string tensor(std::uint64_t values) {
  return field(value_field::kTensor,
               number_field(tensor_field::kDtype, 9) +
                   field(tensor_field::kInt64Val, std::string(static_cast<std::size_t>(values), '\5')));
}

std::string metadata(const std::string& plugin) {
  return field(value_field::kMetadata, field(1, plugin.empty() ? "" : field(1, plugin)));
}

// An event of any kind that the index tells apart.
std::string any_event(std::mt19937& random, std::uint64_t step) {
  const auto pick = [&random](unsigned count) { return static_cast<unsigned>(random() % count); };
  const std::string tag = "tag" + std::to_string(pick(5));
  const char* plugins[] = {"scalars", "text", "mine", "", "images"};
  switch (pick(12)) {
    case 0:
      return number_field(2, step) + field(event_field::kGraphDef, "graph");
    case 1:
      return number_field(2, step) + field(event_field::kSessionLog, number_field(1, 1));
    case 2:
      return number_field(2, step) + field(event_field::kTaggedRunMetadata, field(1, tag));
    case 3:
      return event(step, value(tag, tensor(1)));
    case 4:
      return event(step, value(tag, tensor(3)));
    case 5:
      return event(step, value(tag, tensor(1 + pick(2)) + metadata(plugins[pick(5)])));
    case 6:
      return event(step, value(tag, field(value_field::kImage, "") + metadata(plugins[pick(5)])));
    case 7:
      return "\xff\xff";  // no event
    case 8:
      return event(step, value("a\xff", number(1)));  // no UTF-8
    default:
      return event(step, value(tag, number(static_cast<float>(step))) + value("other", number(2)));
  }
}

Buffer any_file(std::mt19937& random, std::size_t events, bool is_damaged) {
  Buffer file;
  encode_version_event(1, 0, file);
  Buffer framed;
  append_record(framed, file.bytes());
  for (std::size_t i = 0; i < events; ++i) {
    const std::size_t start = framed.size();
    append_record(framed, as_bytes(any_event(random, random() % 100)));
    if (is_damaged && random() % 9 == 0) framed.data()[start + random() % (framed.size() - start)] ^= 1;
    if (is_damaged && random() % 9 == 0) framed.append(as_bytes("garbage between records"));
  }
  return framed;
}

TEST(any_cut_of_any_file_gives_the_same_index) {
  const ScratchFile file;
  std::mt19937 random(1);
  for (int round = 0; round < (test::kIsSlow ? 20 : 200); ++round) {
    file.write(any_file(random, random() % 60, round % 2 == 1).bytes());
    const auto whole = scan_in_parts(file.path());
    for (const std::size_t parts : {2U, 3U, 7U, 50U})
      CHECK_EQ(text_of(*scan_in_parts(file.path(), nullptr, parts)), text_of(*whole));
    CHECK_EQ(test::PlainIndex::text_of(*whole), test::PlainIndex(file.path()).text());
  }
}

TEST(a_file_that_grows_by_any_step_gives_the_same_index) {
  const ScratchFile file;
  std::mt19937 random(2);
  for (int round = 0; round < (test::kIsSlow ? 5 : 40); ++round) {
    const Buffer bytes = any_file(random, 30, false);
    file.write(bytes.bytes());
    const auto whole = scan_in_parts(file.path());
    std::shared_ptr<const FileIndex> index;
    std::size_t size = 0;
    while (size < bytes.size()) {
      size = std::min<std::size_t>(bytes.size(), size + 1 + random() % 200);
      file.write(bytes.bytes().first(size));
      index = scan_in_parts(file.path(), index, 1 + random() % 4);
      CHECK_EQ(index->end + index->tail, size);
    }
    CHECK_EQ(text_of(*index), text_of(*whole));
  }
}

TEST(segments_stay_few_however_often_a_file_grows) {
  const ScratchFile file;
  Buffer bytes;
  std::shared_ptr<const FileIndex> index;
  for (std::uint64_t step = 0; step < 1000; ++step) {
    append_record(bytes, as_bytes(event(step, value("a", number(1)))));
    file.write(bytes.bytes());
    const auto before = index;
    index = scan_in_parts(file.path(), index);
    if (before != nullptr) CHECK_EQ(before->rows(0)->size(), static_cast<std::size_t>(step));
  }
  CHECK(index->segments(0).size() < 12);
  CHECK_EQ(index->rows(0)->size(), std::size_t{1000});
  CHECK_EQ(index->segments(0).size(), std::size_t{1});
}

TEST(a_record_inside_a_record_is_no_cut) {
  const ScratchFile file;
  Buffer inner;
  for (std::uint64_t step = 0; step < 50; ++step)
    append_record(inner, as_bytes(event(step, value("in", number(1)))));
  Buffer outer;
  append_record(outer, as_bytes(event(1, value("out", number(1)))));
  append_record(
      outer,
      as_bytes(event(2, value("text", field(value_field::kTensor, std::string(as_text(inner.bytes())))))));
  std::string graph = field(event_field::kGraphDef, std::string(as_text(inner.bytes())));
  append_record(outer, as_bytes(graph));
  append_record(outer, as_bytes(event(3, value("out", number(1)))));
  file.write(outer.bytes());
  const auto whole = scan_in_parts(file.path());
  for (const std::size_t parts : {2U, 5U, 20U, 100U})
    CHECK_EQ(text_of(*scan_in_parts(file.path(), nullptr, parts)), text_of(*whole));
  CHECK_EQ(whole->events, 4U);
}

TEST(a_file_that_was_replaced_or_cut_off_is_scanned_anew) {
  const ScratchFile file;
  std::mt19937 random(3);
  const Buffer first = any_file(random, 20, false), second = any_file(random, 40, false);
  file.write(first.bytes());
  const auto before = scan_in_parts(file.path());
  CHECK(scan_in_parts(file.path(), before) == before);  // nothing has changed
  file.write(second.bytes());                           // the same inode, longer
  CHECK_EQ(text_of(*scan_in_parts(file.path(), before)), text_of(*scan_in_parts(file.path())));
  file.write(first.bytes().first(first.size() / 2));
  CHECK_EQ(text_of(*scan_in_parts(file.path(), before)), text_of(*scan_in_parts(file.path())));
  std::filesystem::remove(file.path());
  file.write(second.bytes());
  CHECK_EQ(text_of(*scan_in_parts(file.path(), before)), text_of(*scan_in_parts(file.path())));
}

TEST(a_scan_without_old_rows_finds_the_new_ones) {
  const ScratchFile file;
  Buffer bytes;
  append_record(bytes, as_bytes(event(1, value("t", tensor(3) + metadata("text")))));
  file.write(bytes.bytes());
  const auto first = scan_in_parts(file.path());
  append_record(bytes, as_bytes(event(2, value("t", tensor(3)))));
  append_record(bytes, as_bytes(event(3, value("t", tensor(1)))));
  file.write(bytes.bytes());
  const auto second = scan_in_parts(file.path(), first->without_rows());
  CHECK_EQ(second->series.size(), std::size_t{1});
  CHECK(second->series[0].kind == Kind::kText);
  CHECK_EQ(second->rows(0)->size(), std::size_t{2});
  CHECK_EQ(second->rows(0)->ordinal()[0], 1U);
  CHECK_EQ(second->end, bytes.size());
}

TEST(steps_and_times_that_go_back_are_noted_once_for_each_tag) {
  const ScratchFile file;
  const auto problems = [&file](const std::vector<std::string>& events, std::size_t parts) {
    Buffer bytes;
    for (const std::string& data : events) append_record(bytes, as_bytes(data));
    file.write(bytes.bytes());
    std::string causes;
    const auto index = scan_in_parts(file.path(), nullptr, parts);
    for (const Problem& problem : index->problems) {
      CHECK_EQ(problem.size, std::uint64_t{0});
      causes += problem.cause + "; ";
    }
    return causes;
  };
  const std::string five = event(5, value("a", number(1))), two = event(2, value("a", number(1)));
  const std::string start = number_field(2, 2) + field(event_field::kSessionLog, number_field(1, 1));
  for (const std::size_t parts : {1U, 4U}) {
    CHECK_EQ(problems({two, five}, parts), "");
    CHECK_EQ(problems({five, start, two}, parts), "");
    const std::string expected = "steps go back from 5 to 2 at tag 'a'; wall times go back at tag 'a'; ";
    CHECK_EQ(problems({five, two}, parts), expected);
  }
  CHECK_EQ(problems({five, two, five, two}, 1), problems({five, two}, 1));
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
