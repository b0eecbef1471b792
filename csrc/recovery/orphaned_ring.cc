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
#include "recovery/file_finder.h"

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

// An absolute path of an event file without components that lead elsewhere.
bool is_sound_path(std::string_view path) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) return false;
  std::string_view rest = path.substr(1);
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view name = rest.substr(0, slash);
    if (name.empty() || name == "." || name == "..") return false;
    if (slash == std::string_view::npos) return is_event_file_name(name);
    rest.remove_prefix(slash + 1);
  }
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
  // The magic is stored last, so without it nothing was ever accepted. A ring has a whole header or nothing.
  if (got == 0 || (got == sizeof bytes && header.magic.load() == 0)) {
    verdict_ = Verdict::kUninitialised;
    return;
  }
  if (got < sizeof bytes || header.magic.load() != kMagic) return refuse("it is no op ring of tickertape");
  if (!check_version(header)) return;
  if (header.user_id != user_id()) return refuse("it belongs to user " + std::to_string(header.user_id));
  process_id_ = header.process_id;
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
                    names_used <= kNameLogBytes && fits_in(size, names_offset_, names_used);
  const bool is_sound = std::has_single_bit(capacity_) && capacity_ >= kOpAlignment && at_ <= head_ &&
                        head_ - at_ <= capacity_ && (at_ | head_) % kOpAlignment == 0;
  if (!fits || !is_sound) refuse("its header is damaged");
}

void OrphanedRing::read_names(std::uint64_t size) {
  const std::size_t got = file_.read_at(names_offset_, names_log_.extend(static_cast<std::size_t>(size)),
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
  if (at != size) return refuse("its name log is damaged");
  names_used_ = size;
  for (Writer& writer : writers_) {
    const CommitSlot::Record record = committed(writer.slot);
    writer.position = record.position;
    writer.file_number = record.file_number;
    // Otherwise the process died between naming another file and committing to it: nothing of it is in there
    // yet, and file_size is the size of its opening.
    if (record.file_number == writer.newest_file) writer.file_size = record.file_size;
    // The other file found no room in the name log.
    if (record.file_number > writer.newest_file) writer.location = {};
  }
}

bool OrphanedRing::add_name(const NameEntry& entry, std::string_view text) {
  if (entry.kind != NameEntry::kTag) return add_file(entry, text);
  // Names are numbered in the order of the log, and a writer comes before its tags.
  if (entry.owner >= names_.size()) return false;
  names_.push_back({names_[entry.owner].writer, text});
  return true;
}

bool OrphanedRing::add_file(const NameEntry& entry, std::string_view text) {
  FileEntry file;
  if (text.size() < sizeof file || !is_sound_path(text.substr(sizeof file))) return false;
  std::memcpy(&file, text.data(), sizeof file);
  const FileLocation location{std::string(text.substr(sizeof file)), file.inode, file.birth_ns,
                              file.directory_inode};
  if (entry.kind == NameEntry::kMoved) {
    if (entry.owner >= names_.size()) return false;
    Writer& writer = writers_[names_[entry.owner].writer];
    writer.location = location;
    writer.file_size = file.opening_bytes;
    ++writer.newest_file;
    names_.push_back({names_[entry.owner].writer, {}});
    return true;
  }
  if (entry.kind != NameEntry::kWriter || entry.owner >= kMaxWriters) return false;
  const auto name = static_cast<std::uint32_t>(names_.size());
  names_.push_back({writers_.size(), {}});
  writers_.push_back({location, entry.owner, name, 0, file.opening_bytes, 0, 0});
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
    if (header == nullptr) return false;
    at_ += header->total_size();
    // An op whose name found no room in the log was acknowledged only once it was in its file.
    if (header->kind == OpKind::kPad || header->name >= names_.size()) continue;
    const Name& name = names_[header->name];
    if (position < writers_[name.writer].position) continue;
    op = {position, at_, name.writer, name.text, {}, Body::kHere, false};
    if (fill(*header, op)) return true;
  }
  return false;
}

// False for an op that was not accepted.
bool OrphanedRing::fill(const OpHeader& header, Op& op) const {
  const std::uint8_t state = header.state.load();
  const bool is_deferred = (header.flags & kDeferred) != 0;
  if (state == OpHeader::kCancelled || (state == OpHeader::kPending && !is_deferred)) return false;
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
  why_ = "it is damaged at byte " + std::to_string(at_) + " of " + std::to_string(head_) + ": " + why;
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
