// Reading a dead process's ring. L4.
#include "recovery/orphaned_ring.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/os/process.h"
#include "event/op_body.h"

namespace tickertape {

using namespace ring_layout;

namespace {

constexpr std::uint64_t kWindowBytes = std::uint64_t{1} << 20;

// An op may be this long in any case, and so many times as long as what its file has stored: a file system
// may compress, but a file that is one hole must not cost memory.
constexpr std::uint64_t kMaxUnstoredOp = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxCompression = 16;

template <std::size_t size>
std::string_view text_of(const char (&field)[size]) {
  return {field, strnlen(field, size)};
}

// True if [offset, offset + size) is inside a file of `file_size` bytes.
bool fits_in(std::uint64_t file_size, std::uint64_t offset, std::uint64_t size) {
  return offset <= file_size && size <= file_size - offset;
}

bool was_accepted(const OpHeader& header) {
  const std::uint8_t state = header.state.load();
  return state != OpHeader::kCancelled && (state != OpHeader::kPending || (header.flags & kDeferred) != 0);
}

std::string events(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " event is" : " events are");
}

}  // namespace

OrphanedRing::OrphanedRing(LockedFile file) : file_(std::move(file)) { read_header(); }

void OrphanedRing::refuse(const std::string& why) {
  verdict_ = Verdict::kRefused;
  why_ = why;
}

void OrphanedRing::read_header() {
  alignas(RingHeader) std::uint8_t bytes[sizeof(RingHeader)] = {};
  const std::size_t got = file_.read_at(0, bytes, sizeof bytes);
  const auto& header = *reinterpret_cast<const RingHeader*>(bytes);
  // The magic is stored before the positions move, so without both nothing was ever accepted. A ring has a
  // whole header or nothing.
  const bool is_unused =
      header.magic.load() == 0 && (header.head.load() | header.tail.load() | header.names_used.load()) == 0;
  if (got == 0 || (got == sizeof bytes && is_unused)) {
    verdict_ = Verdict::kUninitialised;
    return;
  }
  if (got == sizeof bytes && header.magic.load() == 0) return refuse("its header is damaged");
  if (got < sizeof bytes || header.magic.load() != kMagic) return refuse("it is no op ring of tickertape");
  if (!check_version(header)) return;
  if (header.user_id != user_id()) return refuse("it belongs to user " + std::to_string(header.user_id));
  process_id_ = header.process_id;
  process_start_ = header.process_start;
  is_of_this_boot_ = text_of(header.boot_id) == boot_id();
  check_places(header);
  if (verdict_ == Verdict::kGood) read_names(header.names_used.load());
}

bool OrphanedRing::check_version(const RingHeader& header) {
  if (header.version == kRingVersion && header.op_version == kOpLayoutVersion) return true;
  std::string version(text_of(header.library_version));
  const bool is_name = std::all_of(version.begin(), version.end(), [](char c) { return c > ' ' && c < 127; });
  if (!is_name || version.empty()) version = "?";
  refuse("it was written by tickertape " + version + " in layout " + std::to_string(header.version) + "." +
         std::to_string(header.op_version) + ", and this version reads " + std::to_string(kRingVersion) +
         "." + std::to_string(kOpLayoutVersion) + "; run `tickertape repair` of tickertape " + version);
  return false;
}

void OrphanedRing::check_places(const RingHeader& header) {
  slots_offset_ = header.slots_offset;
  names_offset_ = header.names_offset;
  names_capacity_ = header.names_capacity;
  ring_offset_ = header.ring_offset;
  capacity_ = header.ring_capacity;
  at_ = header.tail.load();
  head_ = header.head.load();
  const std::uint64_t size = file_.size();
  const std::uint64_t names_used = header.names_used.load();
  // Only what was ever used of the ring is in the file; op_at() checks that for each op.
  const bool fits = fits_in(size, slots_offset_, sizeof(CommitSlot)) && ring_offset_ <= size &&
                    names_used <= std::min<std::uint64_t>(names_capacity_, kNameLogBytes) &&
                    fits_in(size, names_offset_, names_used);
  const bool is_in_order = slots_offset_ >= sizeof(RingHeader) && slots_offset_ < names_offset_ &&
                           names_offset_ < ring_offset_ && names_capacity_ <= ring_offset_ - names_offset_ &&
                           size - ring_offset_ <= capacity_;
  const bool is_sound = std::has_single_bit(capacity_) && capacity_ >= kOpAlignment && at_ <= head_ &&
                        head_ - at_ <= capacity_ && (at_ | head_) % kOpAlignment == 0;
  if (!fits || !is_in_order || !is_sound) refuse("its header is damaged");
}

void OrphanedRing::commit(std::size_t writer, std::uint64_t position, std::uint64_t file_size) {
  const std::uint64_t offset = slots_offset_ + sizeof(CommitSlot) * writers_[writer].slot;
  std::uint64_t sequence = 0;
  file_.read_at(offset, reinterpret_cast<std::uint8_t*>(&sequence), sizeof sequence);
  ++sequence;
  const CommitSlot::Record record{position, file_size, writers_[writer].newest_file};
  file_.write_at(offset + offsetof(CommitSlot, record) + sizeof record * (sequence & 1),
                 {reinterpret_cast<const std::uint8_t*>(&record), sizeof record});
  file_.write_at(offset, {reinterpret_cast<const std::uint8_t*>(&sequence), sizeof sequence});
}

void OrphanedRing::mark_lost(std::uint64_t position) {
  const std::uint8_t state = OpHeader::kLost;
  file_.write_at(ring_offset_ + (position & (capacity_ - 1)) + offsetof(OpHeader, state), {&state, 1});
}

void OrphanedRing::move(std::size_t writer, const FileLocation& location, std::uint64_t opening_bytes) {
  const FileEntry file{location.inode, location.birth_ns, location.directory_inode, opening_bytes};
  const NameEntry entry{NameEntry::kMoved, writers_[writer].name, sizeof file + location.path.size()};
  Buffer bytes;
  bytes.append({reinterpret_cast<const std::uint8_t*>(&entry), sizeof entry});
  bytes.append({reinterpret_cast<const std::uint8_t*>(&file), sizeof file});
  bytes.append(as_bytes(location.path));
  constexpr std::uint8_t kPadding[kBodyWordBytes] = {};
  bytes.append({kPadding, (kBodyWordBytes - bytes.size() % kBodyWordBytes) % kBodyWordBytes});
  if (bytes.size() > names_capacity_ - std::min(names_capacity_, names_used_))
    throw IoError(ENOSPC, file_.path(), "no room for another file in the name log of");
  file_.write_at(names_offset_ + names_used_, bytes.bytes());
  names_used_ += bytes.size();
  file_.write_at(offsetof(RingHeader, names_used),
                 {reinterpret_cast<const std::uint8_t*>(&names_used_), sizeof names_used_});
  names_.push_back({writer, {}});
  writers_[writer].location = location;
  ++writers_[writer].newest_file;
}

bool OrphanedRing::next(Op& op) {
  while (at_ < head_) {
    const std::uint64_t position = at_;
    const OpHeader* header = op_at(position);
    if (header == nullptr) return finish_reading();
    // An op whose name found no room in the log was acknowledged only once it was in its file. Any other
    // unknown name is damage. The op may be in any file, so behind it no record can be told from another.
    const bool has_name = header->kind != OpKind::kPad && header->name < names_.size();
    if (header->kind != OpKind::kPad && !has_name && !names_are_full_) {
      give_up_at_name();
      return false;
    }
    at_ += header->total_size();
    if (!has_name) continue;
    const Name& name = names_[header->name];
    const Writer& writer = writers_[name.writer];
    if (writer.damage != nullptr && was_accepted(*header)) {
      ++unread_;
      if (unread_writer_ == nullptr) unread_writer_ = &writer;
    }
    if (writer.damage != nullptr || position < writer.position) continue;
    op = {position, at_, name.writer, name.text, {}, Body::kHere, false};
    if (fill(*header, op)) return true;
  }
  return finish_reading();
}

// Says what was passed over.
bool OrphanedRing::finish_reading() {
  if (unread_writer_ == nullptr) return false;
  if (!why_.empty()) why_ += "; ";
  why_ += "the commit record of '" + unread_writer_->location.path + "' is damaged: it " +
          unread_writer_->damage + "; " + events(unread_) + " not read";
  unread_writer_ = nullptr;
  return false;
}

// The lengths of the ops are sound, so what is left can be counted.
void OrphanedRing::give_up_at_name() {
  const std::uint64_t from = at_;
  std::uint64_t left = 0;
  while (at_ < head_) {
    const OpHeader* header = op_at(at_);
    if (header == nullptr) break;
    const bool is_known = header->name < names_.size();
    const bool is_in_file = is_known && at_ < writers_[names_[header->name].writer].position;
    if (header->kind != OpKind::kPad && was_accepted(*header) && !is_in_file) ++left;
    at_ += header->total_size();
  }
  finish_reading();
  unread_ += left;
  why_ = (why_.empty() ? "" : why_ + "; ") + "it is damaged at byte " + std::to_string(from) +
         ": an op has a name that the name log does not have; " + events(left) + " not read";
  head_ = at_ = from;
}

// False for an op that was not accepted.
bool OrphanedRing::fill(const OpHeader& header, Op& op) const {
  const std::uint8_t state = header.state.load();
  if (!was_accepted(header)) return false;
  op.may_be_a_record = state == OpHeader::kReady;
  if (state == OpHeader::kPending) {
    op.body = Body::kOnDevice;
  } else if ((header.flags & kBodyOnHeap) != 0) {
    op.body = Body::kOnHeap;
  } else if ((header.flags & kInPlace) != 0) {
    op.body = Body::kInPlace;
  }
  op.view = {header.kind, header.style, header.step, header.wall_time, 0, {}};
  if (header.kind == OpKind::kScalar) {
    op.view.value = header.value;
  } else {
    op.view.body = {reinterpret_cast<const std::uint8_t*>(&header + 1),
                    static_cast<std::size_t>(header.body_size)};
  }
  return true;
}

// The op at `position`, whole and with sound sizes; nullptr if there is none.
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
      header->state.load() > OpHeader::kLost ||
      (header->flags & ~(kBodyOnHeap | kDeferred | kInPlace)) != 0) {
    return give_up("what should be an op is none");
  }
  if (size > kMaxUnstoredOp && size - kMaxUnstoredOp > file_.allocated_bytes() * kMaxCompression)
    return give_up("an op is longer than what its file has stored");
  const std::uint8_t* bytes = bytes_at(position, size);
  if (bytes == nullptr) return give_up("its file ends");
  return reinterpret_cast<const OpHeader*>(bytes);
}

const OpHeader* OrphanedRing::give_up(const char* why) {
  why_ = "it is damaged at byte " + std::to_string(at_) + " of " + std::to_string(head_) + ": " + why +
         "; at most " + events((head_ - at_) / kOpAlignment) + " not read";
  head_ = at_;
  return nullptr;
}

// `size` bytes of the ring from `position` on, which are in one lap and before the head; nullptr if the file
// ends before. Valid until the next call.
const std::uint8_t* OrphanedRing::bytes_at(std::uint64_t position, std::uint64_t size) {
  if (position < window_from_ || position + size > window_from_ + window_.size()) {
    const std::uint64_t place = position & (capacity_ - 1);
    const std::uint64_t most = std::min(head_ - position, capacity_ - place);
    if (!fits_in(file_.size(), ring_offset_ + place, size)) return nullptr;
    const auto wanted = static_cast<std::size_t>(std::min(std::max(size, kWindowBytes), most));
    if (window_.capacity() > 2 * kWindowBytes) window_ = Buffer();
    window_.clear();
    window_.reserve_back(wanted);
    window_.commit(file_.read_at(ring_offset_ + place, window_.data(), wanted));
    window_from_ = position;
    if (window_.size() < size) return nullptr;
  }
  return window_.data() + (position - window_from_);
}

}  // namespace tickertape
