// The op ring's slow paths: laps, memory, the header. L4.
#include "queue/op_ring.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/os/process.h"

namespace tickertape {

using namespace ring_layout;

namespace {

// A small ring has a small name log, because address space is short then.
constexpr std::size_t name_log_bytes(std::uint64_t capacity) {
  constexpr std::uint64_t kSmall = std::uint64_t{4} << 20;
  return capacity < kSmall ? kNameLogBytes / 16 : kNameLogBytes;
}

constexpr std::size_t kSlotBytes = sizeof(CommitSlot) * kMaxWriters;
constexpr std::uint32_t kSlotsAtOnce = 1024;  // 64 KiB

// Memory is added in steps of this: about 0.3 ms each on tmpfs (measured), once in 32,768 scalars. There is
// always as much, so start_over() need not ask for kLookEvery.
constexpr std::uint64_t kRingGrowBytes = std::uint64_t{1} << 20;

// How far producers go without looking at the drainer's side. Each look may wake the drainer.
constexpr std::uint64_t kLookEvery = std::uint64_t{256} << 10;
// How far a ring comes before it starts over where it is empty, so that a lightly used one touches only this
// much memory (and cache).
constexpr std::uint64_t kStartOverAfter = kLookEvery;

// A ring that has not needed more than this for so long gives the rest back, in pieces that keep producers
// waiting for some 0.1 ms (measured on tmpfs).
constexpr std::uint64_t kKeptBytes = std::uint64_t{4} << 20;
constexpr std::int64_t kTrimAfterNs = 2'000'000'000;

constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

template <std::size_t size>
void copy_text(char (&to)[size], const std::string& from) {
  std::memset(to, 0, size);
  std::memcpy(to, from.data(), std::min(from.size(), size - 1));
}

}  // namespace

std::size_t OpRing::mapping_bytes(std::uint64_t capacity) {
  return static_cast<std::size_t>(offsets_of(capacity).ring + capacity);
}

OpRing::Offsets OpRing::offsets_of(std::uint64_t capacity) {
  const std::uint64_t names = kRingHeaderBytes + kSlotBytes;
  const std::uint64_t names_capacity = name_log_bytes(capacity);
  return {kRingHeaderBytes, names, names_capacity, names + names_capacity};
}

OpRing::OpRing(SharedMapping mapping, std::uint64_t capacity, std::string library_version)
    : mapping_(std::move(mapping)),
      offsets_(offsets_of(capacity)),
      ring_(mapping_.data() + offsets_.ring),
      capacity_(capacity),
      library_version_(std::move(library_version)) {
  if (!mapping_.allocate(0, kRingHeaderBytes)) throw IoError(ENOSPC, mapping_.path(), "no room for op ring");
  header_ = new (mapping_.data()) RingHeader{};
  write_header();
  if (slot(0) == nullptr || !back_with_memory(kRingGrowBytes)) {
    throw IoError(ENOSPC, mapping_.path(), "no room for op ring");
  }
  header_->magic.store(kMagic, std::memory_order_release);  // from here on a reader may trust the rest
  mapping_.set_alarm(&limit_);
}

// Everything but the magic number and the positions.
void OpRing::write_header() {
  header_->version = kRingVersion;
  header_->op_version = kOpLayoutVersion;
  header_->slots_offset = offsets_.slots;
  header_->names_offset = offsets_.names;
  header_->names_capacity = offsets_.names_capacity;
  header_->ring_offset = offsets_.ring;
  header_->ring_capacity = capacity_;
  header_->process_id = process_id();
  header_->process_start = process_start_ticks(header_->process_id);
  header_->user_id = user_id();
  copy_text(header_->boot_id, boot_id());
  copy_text(header_->library_version, library_version_);
}

OpHeader* OpRing::try_reserve(OpKind kind, std::uint8_t flags, std::uint32_t name, std::uint64_t body_size,
                              std::int64_t step, double wall_time, std::atomic<std::uint64_t>& pushed,
                              bool& needs_attention) {
  const std::uint64_t size = op_size(body_size);
  const std::lock_guard<SpinLock> lock(producers_);
  needs_attention = head_ + size > limit_.load(std::memory_order_relaxed);
  if (needs_attention && !make_room(size)) return nullptr;
  OpHeader* op = at(head_);
  op->kind = kind;
  op->style = ScalarStyle::kSimpleValue;
  op->flags = flags;
  op->name = name;
  op->body_size = body_size;
  op->step = step;
  op->wall_time = wall_time;
  op->state.store(OpHeader::kPending, std::memory_order_relaxed);  // ordered by head's release
  bodies_in_progress_.fetch_add(1, std::memory_order_relaxed);     // read under the same lock
  publish(head_ + size, pushed);
  return op;
}

void OpRing::request_attention() {
  const std::lock_guard<SpinLock> lock(producers_);
  limit_.store(0, std::memory_order_relaxed);
}

// Everything that is accepted from here on is stored where nobody can cut it off.
void OpRing::note_cuts() {
  const std::uint32_t cuts = mapping_.cuts();
  if (cuts == noted_cuts_) return;
  noted_cuts_ = cuts;
  cut_ = {head_, accepted_};
}

bool OpRing::find_cut() {
  std::uint64_t needed;
  {
    const std::lock_guard<SpinLock> lock(producers_);
    needed = offsets_.ring + backed_;
  }
  if (mapping_.is_shorter_than(static_cast<std::size_t>(needed))) {
    // Nothing is accepted meanwhile: what comes between the replacement and the note would count as lost.
    const std::lock_guard<SpinLock> lock(producers_);
    if (mapping_.find_cut(static_cast<std::size_t>(needed))) note_cuts();
  }
  return is_cut();
}

std::optional<OpRing::Cut> OpRing::mend() {
  const std::lock_guard<SpinLock> lock(producers_);
  const std::uint32_t begun = mapping_.cuts_begun();
  note_cuts();
  // acquire: pairs with note_body_written()
  if (noted_cuts_ != begun || bodies_in_progress_.load(std::memory_order_acquire) != 0) return std::nullopt;
  mended_cuts_ = begun;
  mended_from_ = cut_.position;
  const bool is_complete = header_->magic.load(std::memory_order_relaxed) == kMagic;
  write_header();
  header_->head.store(head_, std::memory_order_relaxed);
  header_->tail.store(mended_from_, std::memory_order_relaxed);
  // Otherwise whoever reads the old file finds a ring that was never completed.
  if (is_complete) header_->magic.store(kMagic, std::memory_order_release);
  // Bodies on the heap are known to ops that are gone, so nobody can free them.
  heap_bytes_.store(0, std::memory_order_relaxed);
  return cut_;
}

std::uint64_t OpRing::position_of(const OpHeader* op) const {
  const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
  const auto place = static_cast<std::uint64_t>(reinterpret_cast<const std::uint8_t*>(op) - ring_);
  return tail + ((place - tail) & (capacity_ - 1));
}

// Makes room for one op of `size` bytes at head_ (which may move to the next lap) and sets limit_ as far as
// the drainer has come. False if the ring is full.
bool OpRing::make_room(std::uint64_t size) {
  // While a thread replaces what was cut off, whatever is stored may be gone.
  while (mapping_.cuts_begun() != mapping_.cuts()) std::this_thread::yield();
  note_cuts();
  const std::uint64_t tail = this->tail();
  std::uint64_t place = head_ & (capacity_ - 1);
  // Every lap keeps room for the header of the pad that ends it.
  if (!back_with_memory(place + size + sizeof(OpHeader))) {
    const std::uint64_t next_lap = head_ - place + capacity_;
    if (next_lap + size > tail + capacity_ || !back_with_memory(size + sizeof(OpHeader))) return false;
    start_next_lap();
    place = 0;
  }
  if (head_ + size > tail + capacity_) return false;
  needed_ = std::max(needed_, place + size);
  const std::uint64_t lap_end = head_ - place + backed_ - sizeof(OpHeader);
  limit_.store(std::min({lap_end, tail + capacity_, head_ + std::max(size, kLookEvery)}),
               std::memory_order_relaxed);
  if (mapping_.cuts_begun() != noted_cuts_)
    limit_.store(0, std::memory_order_relaxed);  // a handler has just done the same
  return true;
}

// Fills the rest of the lap with a pad.
void OpRing::start_next_lap() {
  const std::uint64_t next_lap = (head_ | (capacity_ - 1)) + 1;
  OpHeader* pad = at(head_);
  pad->kind = OpKind::kPad;
  pad->flags = 0;
  pad->name = 0;
  pad->body_size = next_lap - head_ - sizeof(OpHeader);
  pad->state.store(OpHeader::kReady, std::memory_order_relaxed);  // ordered by head's release
  head_ = next_lap;
  header_->head.store(head_, std::memory_order_release);
}

std::optional<std::uint64_t> OpRing::start_over() {
  const std::lock_guard<SpinLock> lock(producers_);
  if (tail() != head_ || (head_ & (capacity_ - 1)) < kStartOverAfter) return std::nullopt;
  // A death in between leaves a pad, and a head and a tail that belong together.
  start_next_lap();
  release(head_);
  // 0: request_attention(), which the next push shall see. A handler of SIGBUS may store it at any time.
  std::uint64_t limit = limit_.load(std::memory_order_relaxed);
  while (limit != 0 && !limit_.compare_exchange_weak(limit, head_ + kLookEvery, std::memory_order_relaxed)) {
  }
  return head_;
}

bool OpRing::move_to(SharedMapping& fresh, std::uint64_t names_bytes) {
  const std::lock_guard<SpinLock> lock(producers_);
  if (bodies_in_progress_.load(std::memory_order_acquire) != 0)
    return false;  // pairs with note_body_written()
  const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
  const std::uint64_t place = head_ & (capacity_ - 1);
  const bool is_in_one_lap = head_ - tail <= place;
  const std::uint64_t end = is_in_one_lap ? place : backed_;
  const std::uint64_t backed = std::min(backed_, round_up(end + sizeof(OpHeader), kRingGrowBytes));
  const std::uint64_t slots_bytes = sizeof(CommitSlot) * slots_backed_;
  const bool has_room = fresh.allocate(0, kRingHeaderBytes) && fresh.allocate(offsets_.slots, slots_bytes) &&
                        (names_bytes == 0 || fresh.allocate(offsets_.names, names_bytes)) &&
                        fresh.allocate(offsets_.ring, backed);
  if (!has_room) return false;
  const auto copy = [&](std::uint64_t from, std::uint64_t to) {
    if (from != to) std::memcpy(fresh.data() + from, mapping_.data() + from, to - from);
  };
  copy(sizeof header_->magic, kRingHeaderBytes);
  copy(offsets_.slots, offsets_.slots + slots_bytes);
  copy(offsets_.names, offsets_.names + names_bytes);
  const std::uint64_t begin = is_in_one_lap ? tail & (capacity_ - 1) : 0;
  copy(offsets_.ring + begin, offsets_.ring + end);
  // Last, as in the constructor: a ring without it is not read.
  reinterpret_cast<RingHeader*>(fresh.data())->magic.store(kMagic, std::memory_order_release);
  if (!mapping_.replace_file(fresh)) return false;
  backed_ = backed;
  limit_.store(0, std::memory_order_relaxed);
  return true;
}

bool OpRing::trim(std::int64_t now_ns) {
  const std::lock_guard<SpinLock> lock(producers_);
  if (backed_ <= kKeptBytes) return false;
  const std::uint64_t tail = this->tail();
  const std::uint64_t place = head_ & (capacity_ - 1);
  const std::uint64_t needed = std::exchange(needed_, place);
  // Everything that still counts is between the places of tail and head, in one lap, in front of what is
  // kept. The header of the pad that ends the lap counts, too: start_next_lap() writes it without asking for
  // memory.
  const bool is_small = std::max(needed, place) + sizeof(OpHeader) <= kKeptBytes && head_ - tail <= place;
  if (!is_small) busy_until_ns_ = now_ns;
  if (now_ns - busy_until_ns_ < kTrimAfterNs) return true;
  backed_ -= kRingGrowBytes;
  limit_.store(0, std::memory_order_relaxed);
  mapping_.release(offsets_.ring + backed_, kRingGrowBytes);
  return backed_ > kKeptBytes;
}

// Makes the region's first `up_to` bytes real memory; false where that is not to be had.
bool OpRing::back_with_memory(std::uint64_t up_to) {
  if (up_to <= backed_) return true;
  if (up_to > capacity_) return false;
  // A refusal takes 0.2 ms on tmpfs (measured), under the producers' lock: once for each move of the drainer.
  const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (tail == refused_at_tail_ && tail != head_) return false;
  const std::uint64_t target = std::min(capacity_, round_up(up_to, kRingGrowBytes));
  if (!mapping_.allocate(offsets_.ring + backed_, target - backed_)) {
    refused_at_tail_ = tail;
    return false;
  }
  backed_ = target;
  return true;
}

CommitSlot* OpRing::slot(std::uint32_t index) {
  if (index >= kMaxWriters) return nullptr;
  while (index >= slots_backed_) {
    const std::size_t offset = offsets_.slots + sizeof(CommitSlot) * slots_backed_;
    if (!mapping_.allocate(offset, sizeof(CommitSlot) * kSlotsAtOnce)) return nullptr;
    slots_backed_ += kSlotsAtOnce;
  }
  return reinterpret_cast<CommitSlot*>(mapping_.data() + offsets_.slots) + index;
}

}  // namespace tickertape
