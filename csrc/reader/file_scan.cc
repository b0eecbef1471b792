// Scans one file, or a part of it. L4.
#include "reader/file_scan.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/endian.h"
#include "base/error.h"
#include "tfrecord/format.h"
#include "tfrecord/record_reader.h"

namespace tickertape {

using namespace record_format;

namespace {

// How many records are found before they are decoded: with events of 55 bytes, what stays in the first cache.
constexpr std::size_t kRunRecords = 256;

// Memory that a thread keeps from one file to the next: what the reader begins with, and not the largest
// record.
constexpr std::size_t kMostKeptBytes = std::size_t{2} << 20;

// A cut is given up if no record starts within this many bytes behind it: there is a large one, or damage.
constexpr std::uint64_t kCutSearchBytes = std::uint64_t{1} << 20;

}  // namespace

FileScan::FileScan(std::string path, std::shared_ptr<const FileIndex> previous, const ScanFilter& filter,
                   ScanControl& control)
    : path_(std::move(path)),
      previous_(std::move(previous)),
      filter_(filter),
      control_(control),
      file_(File::open_found(path_, version_)) {
  is_unchanged_ = previous_ != nullptr && !previous_->error && previous_->version == version_;
  if (previous_ != nullptr && !is_unchanged_ && !describes_front(*previous_)) previous_ = nullptr;
  if (previous_ != nullptr) start_ = previous_->end;
}

// The file may have been replaced, or cut off and written again.
bool FileScan::describes_front(const FileIndex& previous) const {
  const bool is_same = !previous.error && previous.version.device == version_.device &&
                       previous.version.inode == version_.inode && version_.size >= previous.end;
  if (!is_same) return false;
  if (previous.events == 0) return true;
  std::array<std::uint8_t, kCrcBytes> crc;
  return file_.read_at(previous.end - kCrcBytes, crc.data(), crc.size()) == crc.size() &&
         load_le<std::uint32_t>(crc.data()) == previous.end_crc;
}

std::size_t FileScan::cut(std::size_t most, std::uint64_t least_bytes) {
  cuts_.assign(1, start_);
  const std::uint64_t count =
      std::min<std::uint64_t>(most, new_bytes() / std::max<std::uint64_t>(least_bytes, 1));
  for (std::uint64_t i = 1; i < count; ++i) {
    const std::uint64_t record = record_from(start_ + new_bytes() / count * i);
    if (record != UINT64_MAX && record > cuts_.back()) cuts_.push_back(record);
  }
  parts_.resize(cuts_.size());
  return cuts_.size();
}

// The first record at or behind `offset`; UINT64_MAX if there is none near.
std::uint64_t FileScan::record_from(std::uint64_t offset) const {
  RecordReader reader(File::open_to_read(path_), offset);
  reader.set_search_limit(kCutSearchBytes);
  reader.set_interrupt_check([this] { return control_.is_cancelled.load(std::memory_order_relaxed); });
  Bytes data;
  return reader.next(data) ? reader.offset() - data.size() - kOverheadBytes : UINT64_MAX;
}

void FileScan::scan_part(std::size_t i, ScanMemory& memory) {
  const std::uint64_t to = i + 1 < cuts_.size() ? cuts_[i + 1] : UINT64_MAX;
  parts_[i] = scan(i == 0 ? std::move(file_) : open_again(), cuts_[i], to, nullptr, memory);
}

// Nothing if the file was replaced: what is there now belongs to another file, which the next scan sees.
std::optional<File> FileScan::open_again() const {
  File::Version version;
  File file = File::open_found(path_, version);
  if (version.device != version_.device || version.inode != version_.inode) return std::nullopt;
  return file;
}

// The records from `from`, where one starts, up to the first that starts at or behind `to`.
FilePart FileScan::scan(std::optional<File> file, std::uint64_t from, std::uint64_t to,
                        const FileIndex* known, ScanMemory& memory) const {
  if (!file) {
    FilePart nothing;
    nothing.start = nothing.end = from;
    nothing.is_last = true;
    return nothing;
  }
  RecordReader reader(std::move(*file), from, std::move(memory.bytes));
  // relaxed: nothing else is read because of the flag
  reader.set_interrupt_check([this] { return control_.is_cancelled.load(std::memory_order_relaxed); });
  // What comes meanwhile is for the next scan. Some network file systems do not say a size.
  if (version_.size != 0) reader.set_end(version_.size);
  EventIndexer indexer(filter_, known, std::min(to, version_.size));
  std::array<RecordPlace, kRunRecords> places;
  std::size_t damaged = 0;
  std::uint64_t end = from;
  std::uint32_t end_crc = 0;
  bool is_last = false;
  while (end < to) {
    Bytes window;
    const std::size_t found = reader.next_run(window, places);
    is_last = found == 0;
    if (is_last) break;
    for (; damaged < reader.damage().size(); ++damaged)
      indexer.add_damage(reader.damage()[damaged].offset, reader.damage()[damaged].size);
    const RecordPlace& last = places[found - 1];
    const std::uint64_t window_at = reader.offset() - (last.offset + last.size + kFooterBytes);
    // Most runs end before `to`, so their last record tells.
    std::size_t used = found;
    while (used > 0 && window_at + places[used - 1].offset - kHeaderBytes >= to) --used;
    indexer.add(window, std::span(places).first(used), window_at);
    if (used == 0) {  // damage reaches to `to`, or over it
      end = window_at + places[0].offset - kHeaderBytes;
      break;
    }
    const RecordPlace& read = places[used - 1];
    const std::uint64_t behind = window_at + read.offset + read.size + kFooterBytes;
    end_crc = load_le<std::uint32_t>(window.data() + read.offset + read.size);
    control_.bytes_done.fetch_add(behind - end, std::memory_order_relaxed);  // relaxed: a count for people
    end = behind;
    if (used < found) break;
  }
  FilePart part = indexer.take(memory.columns);
  part.start = from;
  part.end = end;
  part.is_last = is_last;
  part.end_crc = end_crc;
  part.tail = is_last ? reader.tail_bytes() : 0;
  memory.bytes = reader.take_memory();
  if (memory.bytes.capacity() > kMostKeptBytes) memory.bytes = {};
  return part;
}

std::shared_ptr<const FileIndex> FileScan::finish() {
  if (is_unchanged_) return previous_;
  IndexBuilder builder(previous_.get());
  bool is_last = false;
  std::size_t next = 0;
  std::uint64_t at = start_;
  while (!is_last) {
    while (next < parts_.size() && parts_[next].start < at) ++next;  // it began inside another record
    const bool is_here = next < parts_.size() && parts_[next].start == at;
    FilePart again;
    FilePart* part = is_here ? &parts_[next] : &again;
    if (is_here) ++next;
    if (!is_here || !builder.append(*part)) {
      ScanMemory memory;
      again = scan(open_again(), at, next < parts_.size() ? parts_[next].start : UINT64_MAX, &builder.index(),
                   memory);
      part = &again;
      builder.append(again);
    }
    at = part->end;
    is_last = part->is_last;
    *part = {};
  }
  std::shared_ptr<FileIndex> index = builder.take();
  index->path = path_;
  index->version = version_;
  return index;
}

}  // namespace tickertape
