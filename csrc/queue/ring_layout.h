// How the op ring is laid out in its shared mapping. L4. Another process reads this after kill -9, and that
// may be another version of the package. So a change of anything here needs a new kRingVersion, one of a body
// in event/op.h a new kOpLayoutVersion. The static asserts hold the offsets.
//
//   [RingHeader, one page] [commit slots] [name log] [ring]
//
// Each region is address space first; its pages are allocated as they are needed. Positions in the ring are
// counted from the start of the process and never go back; position & (capacity - 1) is the place in the
// region. An op never wraps: the rest of a lap is filled with a pad.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "event/op.h"

namespace tickertape::ring_layout {

inline constexpr std::uint64_t kMagic = 0x31474E4952545454;  // "TTTRING1" in little-endian order
inline constexpr std::uint32_t kRingVersion = 3;
inline constexpr std::size_t kRingHeaderBytes = 4096;
inline constexpr std::uint32_t kMaxWriters = 65536;                        // open at the same time
inline constexpr std::size_t kNameLogBytes = std::size_t{64} << 20;        // some 500,000 tags of 100 bytes
inline constexpr std::uint64_t kNamesGrowBytes = std::uint64_t{64} << 10;  // its memory comes in such pieces

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes");

// What producers store at each push lies this far from what the drainer looks at for each op: on x86-64 and
// aarch64 a line is 64 bytes.
inline constexpr std::size_t kCacheLine = 64;

// Written once before anything is acknowledged (magic last), except for the three positions.
struct RingHeader {
  std::atomic<std::uint64_t> magic;
  std::uint32_t version;
  std::uint32_t op_version;
  std::uint64_t slots_offset, names_offset, ring_offset;  // from the start of the mapping
  std::uint64_t names_capacity, ring_capacity;
  std::uint64_t process_start;  // process_start_ticks() of the owner
  std::uint32_t process_id;
  std::uint32_t user_id;
  char boot_id[64];
  char library_version[64];  // for people: which version can read a ring that this one cannot

  alignas(
      64) std::atomic<std::uint64_t> head;  // behind the last op; stored by producers, loaded by the drainer
  alignas(64) std::atomic<std::uint64_t> tail;  // before it, everything is in its file; stored by the drainer
  alignas(64) std::atomic<std::uint64_t> names_used;  // bytes of the name log that are whole entries
};
static_assert(sizeof(RingHeader) <= kRingHeaderBytes);
static_assert(offsetof(RingHeader, magic) == 0 && offsetof(RingHeader, version) == 8);
static_assert(offsetof(RingHeader, op_version) == 12 && offsetof(RingHeader, slots_offset) == 16);
static_assert(offsetof(RingHeader, names_offset) == 24 && offsetof(RingHeader, ring_offset) == 32);
static_assert(offsetof(RingHeader, names_capacity) == 40 && offsetof(RingHeader, ring_capacity) == 48);
static_assert(offsetof(RingHeader, process_start) == 56 && offsetof(RingHeader, process_id) == 64);
static_assert(offsetof(RingHeader, user_id) == 68 && offsetof(RingHeader, boot_id) == 72);
static_assert(offsetof(RingHeader, library_version) == 136 && offsetof(RingHeader, head) == 256);
static_assert(offsetof(RingHeader, tail) == 320 && offsetof(RingHeader, names_used) == 384);

// How much of one writer's ops is in its file: those before `position`, which end at `file_size`. There are
// two records, so that a death between two stores leaves one whole: record[sequence & 1] is the one that
// counts.
struct alignas(64) CommitSlot {
  struct Record {
    std::uint64_t position;
    std::uint64_t file_size;
    std::uint64_t file_number;  // of the writer's files: 0 for the first, one more with each kMoved entry
  };
  std::atomic<std::uint64_t> sequence;
  Record record[2];

  // For the drainer alone.
  void commit(std::uint64_t position, std::uint64_t file_size, std::uint64_t file_number) {
    const std::uint64_t next = sequence.load(std::memory_order_relaxed) + 1;
    record[next & 1] = {position, file_size, file_number};
    sequence.store(next, std::memory_order_release);
  }
};

static_assert(sizeof(CommitSlot) == 64 && offsetof(CommitSlot, sequence) == 0);
static_assert(sizeof(CommitSlot::Record) == 24 && offsetof(CommitSlot, record) == 8);
static_assert(offsetof(CommitSlot::Record, file_size) == 8 &&
              offsetof(CommitSlot::Record, file_number) == 16);

// An entry of the name log, followed by `size` bytes of text padded to 8. Entries are numbered from 0: that
// is a name's id. The text of kWriter and kMoved is a FileEntry and the path of an event file.
struct NameEntry {
  // kMoved: from here on the writer's file is another one.
  enum Kind : std::uint32_t { kWriter = 1, kTag = 2, kMoved = 3 };
  std::uint32_t kind;
  std::uint32_t owner;  // kWriter: its commit slot; otherwise the name id of its writer
  std::uint64_t size;
};
static_assert(sizeof(NameEntry) == 16 && offsetof(NameEntry, owner) == 4 && offsetof(NameEntry, size) == 8);

// FileLocation of base/os/file.h, and the size of what is at the start of the file before the first op.
struct FileEntry {
  std::uint64_t inode;
  std::int64_t birth_ns;
  std::uint64_t directory_inode;
  std::uint64_t opening_bytes;
};
static_assert(sizeof(FileEntry) == 32 && offsetof(FileEntry, birth_ns) == 8);
static_assert(offsetof(FileEntry, directory_inode) == 16 && offsetof(FileEntry, opening_bytes) == 24);

// The fixed part of every op. `state` is stored last, with release order, by the producer; the sequencer
// loads it with acquire order.
struct OpHeader {
  enum State : std::uint8_t {
    kPending = 0,  // takes its place in the order; the rest is not there yet
    kReady = 1,
    kCancelled = 2,  // never will be
    kLost = 3,  // was ready, but recovery found that it cannot be encoded, and that the file does not have it
  };
  std::atomic<std::uint8_t> state;
  OpKind kind;
  ScalarStyle style;
  std::uint8_t flags;
  std::uint32_t name;  // a tag's id; a writer's own where the op has no tag
  union {
    double value;             // kScalar
    std::uint64_t body_size;  // every other kind, without padding
  };
  std::int64_t step;
  double wall_time;

  std::uint64_t total_size() const;
};
static_assert(sizeof(OpHeader) == 32 && offsetof(OpHeader, state) == 0 && offsetof(OpHeader, kind) == 1);
static_assert(offsetof(OpHeader, style) == 2 && offsetof(OpHeader, flags) == 3);
static_assert(offsetof(OpHeader, name) == 4 && offsetof(OpHeader, value) == 8);
static_assert(offsetof(OpHeader, body_size) == 8 && offsetof(OpHeader, step) == 16);
static_assert(offsetof(OpHeader, wall_time) == 24);

// The body is not in the ring but on the heap of the process; in the ring stands a HeapBody. Such an op dies
// with the process, so its call returns only when it is in the file.
inline constexpr std::uint8_t kBodyOnHeap = 1;
struct HeapBody {
  std::uint8_t* data;  // owned by the op; new[]
  std::uint64_t size;
};

// Waits, or waited, for values from a device. Where it is still pending the values died with its process.
inline constexpr std::uint8_t kDeferred = 2;

// Its arrays lie where the caller has them, and die with the process; in front of the body stands the address
// of an InPlaceOwner.
inline constexpr std::uint8_t kInPlace = 4;

// What keeps the arrays of an op, as long as the op needs them.
struct InPlaceOwner {
  std::shared_ptr<const void> object;
};

// Ops start at multiples of this, so that a header never crosses a cache line.
inline constexpr std::uint64_t kOpAlignment = sizeof(OpHeader);

inline std::uint64_t op_size(std::uint64_t body_size) {
  return (sizeof(OpHeader) + body_size + kOpAlignment - 1) & ~(kOpAlignment - 1);
}

inline std::uint64_t OpHeader::total_size() const {
  return kind == OpKind::kScalar ? sizeof(OpHeader) : op_size(body_size);
}

}  // namespace tickertape::ring_layout
