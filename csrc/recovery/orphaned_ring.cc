// Reading a dead process's ring. L4.
#include "recovery/orphaned_ring.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/os/process.h"
#include "base/version.h"
#include "event/op_body.h"

namespace tickertape {

using namespace ring_layout;

namespace {

constexpr std::uint64_t kWindowBytes = std::uint64_t{1} << 20;

template <std::size_t size>
std::string_view text_of(const char (&field)[size]) {
  return {field, strnlen(field, size)};
}

// True where [offset, offset + size) lies in a file of `file_size` bytes.
bool lies_in(std::uint64_t file_size, std::uint64_t offset, std::uint64_t size) {
  return offset <= file_size && size <= file_size - offset;
}

}  // namespace

OrphanedRing::OrphanedRing(LockedFile file) : file_(std::move(file)) { read_header(); }

void OrphanedRing::refuse(const std::string& why) {
  verdict_ = Verdict::kRefused;
  why_ = why;
}

void OrphanedRing::read_header() {
  alignas(RingHeader) std::uint8_t bytes[sizeof(RingHeader)];
  const std::size_t got = file_.read_at(0, bytes, sizeof bytes);
  const auto& header = *reinterpret_cast<const RingHeader*>(bytes);
  // The magic is stored last, so without it nothing was ever accepted.
  if (got < sizeof bytes || header.magic.load() == 0) {
    verdict_ = Verdict::kUninitialised;
    return;
  }
  if (header.magic.load() != kMagic) return refuse("it is no op ring of this version of tickertape");
  if (header.version != kRingVersion || header.op_version != kOpLayoutVersion) {
    return refuse("it has ring version " + std::to_string(header.version) + " and op version " +
                  std::to_string(header.op_version) + "; this tickertape reads " +
                  std::to_string(kRingVersion) + " and " + std::to_string(kOpLayoutVersion));
  }
  const std::string_view library = text_of(header.library_version);
  if (library != std::string(library_version())) {
    return refuse("it was written by tickertape " + std::string(library) + ", this is " +
                  std::string(library_version()) + ": only the same version encodes to the same bytes");
  }
  if (header.user_id != user_id()) return refuse("it belongs to user " + std::to_string(header.user_id));
  process_id_ = header.process_id;
  is_of_this_boot_ = text_of(header.boot_id) == boot_id();
  check_places(header);
  if (verdict_ == Verdict::kGood) read_names(header.names_offset, header.names_used.load());
}

void OrphanedRing::check_places(const RingHeader& header) {
  slots_offset_ = header.slots_offset;
  ring_offset_ = header.ring_offset;
  capacity_ = header.ring_capacity;
  at_ = header.tail.load();
  head_ = header.head.load();
  const std::uint64_t size = file_.size();
  const std::uint64_t names_used = header.names_used.load();
  // Of the ring only so much is in the file as was ever used; op_at() checks that, op by op.
  const bool fits = lies_in(size, slots_offset_, sizeof(CommitSlot)) && ring_offset_ <= size &&
                    names_used <= kNameLogBytes && lies_in(size, header.names_offset, names_used);
  const bool is_sound = std::has_single_bit(capacity_) && capacity_ >= kOpAlignment && at_ <= head_ &&
                        head_ - at_ <= capacity_ && (at_ | head_) % kOpAlignment == 0;
  if (!fits || !is_sound) refuse("its header is damaged");
}

void OrphanedRing::read_names(std::uint64_t offset, std::uint64_t size) {
  const std::size_t got = file_.read_at(offset, names_log_.extend(static_cast<std::size_t>(size)),
                                        static_cast<std::size_t>(size));
  names_log_.truncate(got);
  std::size_t at = 0;
  while (got - at >= sizeof(NameEntry)) {
    NameEntry entry;
    std::memcpy(&entry, names_log_.data() + at, sizeof entry);
    at += sizeof entry;
    if (entry.size > got - at || padded(static_cast<std::size_t>(entry.size)) > got - at) break;
    const auto length = static_cast<std::size_t>(entry.size);
    if (!add_name(entry, as_text({names_log_.data() + at, length}))) break;
    at += padded(length);
  }
  if (at != size) refuse("its name log is damaged");
}

bool OrphanedRing::add_name(const NameEntry& entry, std::string_view text) {
  if (entry.kind == NameEntry::kTag) {
    // Names are numbered in the order of the log, and a writer stands before its tags.
    if (entry.owner >= names_.size()) return false;
    names_.push_back({names_[entry.owner].writer, text});
    return true;
  }
  // Only what can be an event file of ours is ever appended to.
  const bool is_event_file = text.starts_with('/') && text.find('\0') == std::string_view::npos &&
                             text.find("/events.out.tfevents.") != std::string_view::npos;
  if (!is_event_file) return false;
  if (entry.kind == NameEntry::kMoved) {
    if (entry.owner >= names_.size()) return false;
    const std::size_t writer = names_[entry.owner].writer;
    writers_[writer].path = text;
    names_.push_back({writer, {}});
    return true;
  }
  if (entry.kind != NameEntry::kWriter || entry.owner >= kMaxWriters) return false;
  const CommitSlot::Record record = committed(entry.owner);
  names_.push_back({writers_.size(), {}});
  writers_.push_back({std::string(text), entry.owner, record.position, record.file_size});
  return true;
}

CommitSlot::Record OrphanedRing::committed(std::uint32_t slot) const {
  alignas(CommitSlot) std::uint8_t bytes[sizeof(CommitSlot)] = {};
  file_.read_at(slots_offset_ + sizeof bytes * slot, bytes, sizeof bytes);
  const auto& found = *reinterpret_cast<const CommitSlot*>(bytes);
  return found.record[found.sequence.load() & 1];
}

void OrphanedRing::commit(std::size_t writer, std::uint64_t position, std::uint64_t file_size) {
  const std::uint64_t offset = slots_offset_ + sizeof(CommitSlot) * writers_[writer].slot;
  std::uint64_t sequence = 0;
  static_assert(offsetof(CommitSlot, sequence) == 0);
  file_.read_at(offset, reinterpret_cast<std::uint8_t*>(&sequence), sizeof sequence);
  ++sequence;
  const CommitSlot::Record record{position, file_size};
  file_.write_at(offset + offsetof(CommitSlot, record) + sizeof record * (sequence & 1),
                 {reinterpret_cast<const std::uint8_t*>(&record), sizeof record});
  file_.write_at(offset, {reinterpret_cast<const std::uint8_t*>(&sequence), sizeof sequence});
}

bool OrphanedRing::next(Op& op) {
  while (at_ < head_) {
    const std::uint64_t position = at_;
    const OpHeader* header = op_at(position);
    if (header == nullptr) return false;
    at_ += header->total_size();
    // What is still pending was never acknowledged. An op with its body on the heap, or with a name that
    // found no room in the log, was acknowledged only once it was in its file.
    if (header->kind == OpKind::kPad || header->name >= names_.size()) continue;
    const Name& name = names_[header->name];
    Writer& writer = writers_[name.writer];
    if (position < writer.position) continue;
    const bool is_here =
        header->state.load() == OpHeader::kReady && (header->flags & (kBodyOnHeap | kInPlace)) == 0;
    if (!is_here) {
      // A deferred op was acknowledged, but not its values.
      const bool is_late = (header->flags & kDeferred) != 0 && header->state.load() != OpHeader::kCancelled;
      writer.deferred_events += is_late ? 1 : 0;
      // Accepted while its file took nothing, for otherwise it would be there.
      const bool is_ready = header->state.load() == OpHeader::kReady;
      writer.heap_events += is_ready && (header->flags & kBodyOnHeap) != 0 ? 1 : 0;
      writer.in_place_events += is_ready && (header->flags & kInPlace) != 0 ? 1 : 0;
      continue;
    }
    op = {position,
          at_,
          name.writer,
          name.text,
          {header->kind, header->style, header->step, header->wall_time, 0, {}}};
    if (header->kind == OpKind::kScalar) {
      op.view.value = header->value;
    } else {
      op.view.body = {reinterpret_cast<const std::uint8_t*>(header + 1),
                      static_cast<std::size_t>(header->body_size)};
    }
    return true;
  }
  return false;
}

// The op at `position`, whole and with sound sizes; nullptr where there is none.
const OpHeader* OrphanedRing::op_at(std::uint64_t position) {
  const std::uint64_t lap_left = capacity_ - (position & (capacity_ - 1));
  const std::uint64_t most = std::min(head_ - position, lap_left);
  const auto* header = reinterpret_cast<const OpHeader*>(bytes_at(position, sizeof(OpHeader)));
  if (header == nullptr) return give_up("its file ends");
  if (header->kind != OpKind::kScalar && header->body_size > most - sizeof(OpHeader))
    return give_up("an op is too long");
  const std::uint64_t size = header->total_size();
  const bool is_pad = header->kind == OpKind::kPad;
  if (size > most || (is_pad && size != lap_left)) return give_up("an op has a wrong length");
  if (is_pad) return header;
  if (header->kind > kLastOpKind || header->style > ScalarStyle::kDoubleTensor ||
      header->state.load() > OpHeader::kCancelled ||
      (header->flags & ~(kBodyOnHeap | kDeferred | kInPlace)) != 0) {
    return give_up("what should be an op is none");
  }
  const std::uint8_t* bytes = bytes_at(position, size);
  if (bytes == nullptr) return give_up("its file ends");
  return reinterpret_cast<const OpHeader*>(bytes);
}

const OpHeader* OrphanedRing::give_up(const char* why) {
  why_ = "it is damaged at byte " + std::to_string(at_) + " of " + std::to_string(head_) + ": " + why;
  head_ = at_;
  return nullptr;
}

// `size` bytes of the ring from `position` on, which lie in one lap and before the head; nullptr where the
// file ends before. Good until the next call.
const std::uint8_t* OrphanedRing::bytes_at(std::uint64_t position, std::uint64_t size) {
  if (position < window_from_ || position + size > window_from_ + window_.size()) {
    const std::uint64_t place = position & (capacity_ - 1);
    const std::uint64_t most = std::min(head_ - position, capacity_ - place);
    if (!lies_in(file_.size(), ring_offset_ + place, size)) return nullptr;
    const auto wanted = static_cast<std::size_t>(std::min(std::max(size, kWindowBytes), most));
    window_.clear();
    window_.reserve_back(wanted);
    window_.commit(file_.read_at(ring_offset_ + place, window_.data(), wanted));
    window_from_ = position;
    if (window_.size() < size) return nullptr;
  }
  return window_.data() + (position - window_from_);
}

}  // namespace tickertape
