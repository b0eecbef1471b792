// The environment of recovery_fuzz.cc: a directory for one ring and a few event files, and a ring image that
// is built from a description.
//
// The header of a ring contains its layout, so the images are compact: [header] [4 commit slots] [names]
// [ops].
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/os/file.h"
#include "base/os/process.h"
#include "base/version.h"
#include "codec/histogram/histogram.h"
#include "event/op_body.h"
#include "input.h"
#include "queue/ring_layout.h"

namespace tickertape::fuzz {

namespace fs = std::filesystem;
using namespace ring_layout;

inline constexpr std::size_t kFiles = 4;

inline std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_all(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// The directories of logs and rings. Sets `TICKERTAPE_RING_DIR` to the latter.
class Place {
 public:
  static const Place& get() {
    static const Place place;
    return place;
  }
  const std::string& root() const { return root_; }
  const std::string& logs() const { return logs_; }
  const FileLocation& location(std::size_t index) const { return locations_[index]; }
  std::string file(std::size_t index) const {
    return logs_ + "/events.out.tfevents." + std::to_string(index);
  }
  // The pid belongs to no process: the kernel's largest pid is 4,194,304 (PID_MAX_LIMIT, proc(5)).
  std::string ring() const { return rings_ + "/tickertape-4194305-1-1-0.ring"; }

 private:
  Place() {
    std::string root =
        fs::is_directory("/dev/shm") ? "/dev/shm/tickertape_fuzz_XXXXXX" : "/tmp/tickertape_fuzz_XXXXXX";
    root_ = mkdtemp(root.data());
    logs_ = root_ + "/logs";
    rings_ = root_ + "/rings";
    mkdir(logs_.c_str(), 0700);
    mkdir(rings_.c_str(), 0700);
    setenv("TICKERTAPE_RING_DIR", rings_.c_str(), 1);
    for (std::size_t i = 0; i < kFiles; ++i) {
      write_all(file(i), "");
      locations_.push_back(File::open_to_read(file(i)).location());
    }
    surround();
  }
  ~Place() { fs::remove_all(root_); }

  // What a ring may name but recovery must not touch: files beside the log directory, and in it links, a
  // pipe, and files of other names.
  void surround() const {
    const std::string outside = root_ + "/outside";
    fs::create_directories(outside + "/events.out.tfevents.d");
    write_all(outside + "/events.out.tfevents.0", "precious");
    write_all(outside + "/notes", "precious");
    write_all(logs_ + "/notes", "precious");
    fs::create_symlink(outside + "/notes", logs_ + "/events.out.tfevents.link");
    fs::create_directory_symlink(outside, logs_ + "/link");
    mkfifo((logs_ + "/events.out.tfevents.pipe").c_str(), 0600);
    fs::create_directory(logs_ + "/events.out.tfevents.d");
    // A second name of a file outside, and what looks like a ring among the logs.
    fs::create_hard_link(outside + "/events.out.tfevents.0", logs_ + "/events.out.tfevents.hard");
    write_all(logs_ + "/tickertape-1-1-0.ring", "precious");
  }
  std::string root_, logs_, rings_;
  std::vector<FileLocation> locations_;
};

// A ring as a process might leave it, and how it differs from that.
struct RingImage {
  std::string bytes;
  // True if nothing was patched, names are in order, and no two writers share a file or a slot. Then recovery
  // must have the same result whatever interrupts it.
  bool is_sound = true;
};

namespace image_impl {

inline constexpr std::size_t kSlotsOffset = 512;
inline constexpr std::size_t kNamesOffset = kSlotsOffset + kFiles * sizeof(CommitSlot);
inline constexpr std::size_t kNamesRoom = 1024;  // for files that recovery begins
static_assert(sizeof(RingHeader) <= kSlotsOffset);

template <typename T>
void put(std::string& bytes, std::size_t offset, const T& value) {
  if (offset + sizeof value <= bytes.size()) std::memcpy(bytes.data() + offset, &value, sizeof value);
}

inline void add_name(std::string& names, std::uint32_t kind, std::uint32_t owner, std::string_view text) {
  const NameEntry entry{kind, owner, text.size()};
  names.append(reinterpret_cast<const char*>(&entry), sizeof entry);
  names.append(text);
  names.resize((names.size() + 7) / 8 * 8);
}

// Reduces the number of bins of huge histograms, which are valid but take a second each.
inline void spare_time(std::string& ops) {
  constexpr std::uint64_t kMany = 1 << 12;
  constexpr std::size_t kBinsOffset = sizeof(OpHeader), kCountOffset = kBinsOffset + kBodyWordBytes;
  for (std::size_t at = 0; at + kCountOffset + kBodyWordBytes <= ops.size(); at += kOpAlignment) {
    const bool is_histogram = static_cast<OpKind>(ops[at + offsetof(OpHeader, kind)]) == OpKind::kHistogram;
    std::uint64_t bins = 0, count = 0;
    std::memcpy(&bins, ops.data() + at + kBinsOffset, sizeof bins);
    std::memcpy(&count, ops.data() + at + kCountOffset, sizeof count);
    const bool is_uniform = bins == static_cast<std::uint64_t>(HistogramOp::Bins::kUniform);
    if (is_histogram && is_uniform && count <= kMaxUniformBins) put(ops, at + kCountOffset, count % kMany);
  }
}

// Writers, tags and moves. The file and the slot of a writer have its owner's number. A tag is of a
// writer that stands before it.
inline std::string describe_names(Input& input, std::uint64_t opening_bytes, bool& is_sound) {
  std::string names;
  unsigned files_used = 0;
  std::vector<bool> is_writer;
  for (std::size_t left = input.byte() % 32; left > 0; --left) {
    const std::uint32_t kind = input.byte() % 8;
    const std::uint32_t owner = input.byte();
    const Bytes text =
        kind == NameEntry::kTag || kind > NameEntry::kMoved ? input.take_bytes(input.byte()) : Bytes();
    if (kind == NameEntry::kWriter || kind == NameEntry::kMoved) {
      const unsigned bit = 1U << owner % kFiles;
      is_sound = is_sound && (files_used & bit) == 0 && kind == NameEntry::kWriter;
      files_used |= bit;
      const FileLocation& location = Place::get().location(owner % kFiles);
      const FileEntry file{location.inode, location.birth_ns, location.directory_inode, opening_bytes};
      std::string entry(reinterpret_cast<const char*>(&file), sizeof file);
      add_name(names, kind, kind == NameEntry::kWriter ? owner % kFiles : owner / kFiles,
               entry + Place::get().file(owner % kFiles));
    } else {
      is_sound = is_sound && kind == NameEntry::kTag && owner < is_writer.size() && is_writer[owner];
      add_name(names, kind, owner, as_text(text));
    }
    is_writer.push_back(kind == NameEntry::kWriter);
  }
  return names;
}

inline void put_header(std::string& bytes, std::size_t names_size, std::uint64_t capacity, std::uint64_t tail,
                       std::uint64_t head) {
  alignas(RingHeader) std::array<char, sizeof(RingHeader)> raw{};
  auto& header = *reinterpret_cast<RingHeader*>(raw.data());
  header.magic = kMagic;
  header.version = kRingVersion;
  header.op_version = kOpLayoutVersion;
  header.slots_offset = kSlotsOffset;
  header.names_offset = kNamesOffset;
  header.ring_offset = kNamesOffset + names_size + kNamesRoom;
  header.names_capacity = names_size + kNamesRoom;
  header.ring_capacity = capacity;
  header.process_start = 1;
  header.process_id = 4194305;
  header.user_id = user_id();
  boot_id().copy(header.boot_id, sizeof header.boot_id - 1);
  std::string_view(library_version()).copy(header.library_version, sizeof header.library_version - 1);
  header.head = head;
  header.tail = tail;
  header.names_used = names_size;
  std::copy(raw.begin(), raw.end(), bytes.begin());
}

}  // namespace image_impl

// `file_sizes`: the sizes in the commit slots.
inline RingImage describe_ring(Input& input, const std::array<std::uint64_t, kFiles>& file_sizes) {
  using namespace image_impl;
  RingImage image;
  const std::string names = describe_names(input, file_sizes[0], image.is_sound);
  const std::size_t patches = input.byte() % 4;
  std::string patch_bytes(as_text(input.take_bytes(patches * 11)));
  const std::uint64_t tail = std::uint64_t{input.take<std::uint16_t>()} * kOpAlignment;
  const std::uint64_t spare = input.byte() % 2;
  std::array<std::uint64_t, kFiles> committed{};
  for (std::uint64_t& position : committed) position = tail + input.byte() / 16 * kOpAlignment;
  std::string ops(as_text(input.take_rest()));
  spare_time(ops);
  // Every op is of a writer.
  image.is_sound = image.is_sound && (!names.empty() || ops.empty());

  const std::uint64_t size = (ops.size() + kOpAlignment - 1) / kOpAlignment * kOpAlignment;
  for (std::uint64_t& position : committed) position = std::min(position, tail + size);
  const std::uint64_t capacity = std::bit_ceil(std::max<std::uint64_t>(size, kOpAlignment)) << spare;
  const std::size_t ring_offset = kNamesOffset + names.size() + kNamesRoom;
  image.bytes.resize(ring_offset + capacity);
  put_header(image.bytes, names.size(), capacity, tail, tail + size);
  for (std::size_t i = 0; i < kFiles; ++i) {
    const CommitSlot::Record record{committed[i], file_sizes[i], 0};
    put(image.bytes, kSlotsOffset + i * sizeof(CommitSlot) + offsetof(CommitSlot, record), record);
  }
  names.copy(image.bytes.data() + kNamesOffset, names.size());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const std::uint64_t place = (tail + i) & (capacity - 1);
    image.bytes[ring_offset + place] = ops[i];
  }

  Input patch(as_bytes(patch_bytes));
  while (!patch.empty()) {
    const std::size_t offset = patch.up_to(65535);
    const unsigned bytes = patch.byte() % 4;
    const auto value = patch.take<std::uint64_t>();
    if (bytes == 0) put(image.bytes, offset, static_cast<std::uint8_t>(value));
    if (bytes == 1) put(image.bytes, offset, static_cast<std::uint32_t>(value));
    if (bytes == 2) put(image.bytes, offset, value);
    if (bytes == 3) image.bytes.resize(std::min(offset, image.bytes.size()));
    image.is_sound = false;
  }
  return image;
}

}  // namespace tickertape::fuzz
