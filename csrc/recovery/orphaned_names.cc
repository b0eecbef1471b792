// Reading the name log and the commit records of a dead process's ring. L4.
#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/os/process.h"
#include "event/op_body.h"
#include "recovery/file_finder.h"
#include "recovery/orphaned_ring.h"

namespace tickertape {

using namespace ring_layout;

namespace {

// No file is larger; what a damaged commit record says may be.
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 56;

// Longer than nearly all names. A log with less room than this may have refused one.
constexpr std::uint64_t kLongName = 8192;

// The start of the name log up to the path of the first event file.
constexpr std::size_t kFirstNameBytes = sizeof(NameEntry) + sizeof(FileEntry);

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
  names_are_full_ = names_are_full();
  if (writers_.empty() && head_ != at_ && !names_are_full_) return refuse("its name log is damaged");
  read_commits();
}

// True if another name may have found no room: at the end of the log, or where its memory ends and nothing
// was ever stored behind that.
bool OrphanedRing::names_are_full() const {
  if (names_capacity_ - names_used_ < kLongName) return true;
  const std::uint64_t left = (kNamesGrowBytes - names_used_ % kNamesGrowBytes) % kNamesGrowBytes;
  std::uint64_t behind = 0;
  file_.read_at(names_offset_ + names_used_ + left, reinterpret_cast<std::uint8_t*>(&behind), sizeof behind);
  return left < kLongName && behind == 0;
}

void OrphanedRing::read_commits() {
  std::vector<bool> is_taken(kMaxWriters);
  // From behind: a slot is about the last writer that has it; those before are closed, and all in their
  // files.
  for (std::size_t i = writers_.size(); i-- > 0;) {
    Writer& writer = writers_[i];
    const CommitSlot::Record record = committed(writer.slot);
    writer.damage = is_taken[writer.slot] ? nullptr : damage_of(writer, record);
    is_taken[writer.slot] = true;
    if (writer.damage != nullptr) continue;
    writer.position = record.position;
    writer.file_number = record.file_number;
    // Otherwise the process died between naming another file and committing to it: nothing of it is in there
    // yet, and file_size is the size of its opening.
    if (record.file_number == writer.newest_file) writer.file_size = record.file_size;
    // The other file found no room in the name log.
    if (record.file_number > writer.newest_file) writer.location = {};
  }
}

const char* OrphanedRing::damage_of(const Writer& writer, const CommitSlot::Record& record) const {
  if (record.position > head_ || record.position % kOpAlignment != 0) return "has a position where no op is";
  if (record.file_number > writer.newest_file && !names_are_full_)
    return "is about a file that the name log does not have";
  const bool is_of_newest = record.file_number == writer.newest_file;
  if ((is_of_newest && record.file_size < writer.file_size) || record.file_size > kMaxFileBytes)
    return "has a size that the file cannot have had";
  return nullptr;
}

bool OrphanedRing::has_living_process() const {
  return is_of_this_boot_ && process_start_ != 0 && process_start_ticks(process_id_) == process_start_;
}

bool OrphanedRing::is_copy_of(const std::string& path) const {
  const File other = File::open_to_read(path);
  alignas(RingHeader) std::uint8_t bytes[sizeof(RingHeader)] = {};
  if (other.read_at(0, bytes, sizeof bytes) != sizeof bytes) return false;
  const auto& header = *reinterpret_cast<const RingHeader*>(bytes);
  if (header.process_id != process_id_ || header.process_start != process_start_) return false;
  std::uint8_t first[kFirstNameBytes];
  return names_log_.size() >= sizeof first &&
         other.read_at(header.names_offset, first, sizeof first) == sizeof first &&
         std::equal(first, first + sizeof first, names_log_.data());
}

bool OrphanedRing::add_name(const NameEntry& entry, std::string_view text) {
  if (entry.kind != NameEntry::kTag) return add_file(entry, text);
  // Names are numbered in the order of the log, and a writer comes before its tags.
  if (!is_writer(entry.owner)) return false;
  names_.push_back({names_[entry.owner].writer, text});
  return true;
}

bool OrphanedRing::is_writer(std::uint32_t name) const {
  return name < names_.size() && writers_[names_[name].writer].name == name;
}

bool OrphanedRing::add_file(const NameEntry& entry, std::string_view text) {
  FileEntry file;
  if (text.size() < sizeof file || !is_sound_path(text.substr(sizeof file))) return false;
  std::memcpy(&file, text.data(), sizeof file);
  const FileLocation location{std::string(text.substr(sizeof file)), file.inode, file.birth_ns,
                              file.directory_inode};
  if (entry.kind == NameEntry::kMoved) {
    if (!is_writer(entry.owner)) return false;
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

}  // namespace tickertape
