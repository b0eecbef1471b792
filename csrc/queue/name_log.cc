// The name log. L4.
#include "queue/name_log.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "event/op_body.h"

namespace tickertape {

using namespace ring_layout;

namespace {

// A FileEntry and the path.
std::string file_text(const Sink& file) {
  const FileLocation& location = file.location();
  const FileEntry entry{location.inode, location.birth_ns, location.directory_inode, file.size()};
  std::string text(reinterpret_cast<const char*>(&entry), sizeof entry);
  return text.append(location.path.empty() ? file.path() : location.path);
}

}  // namespace

Name* NameLog::add_writer(Channel& channel, std::uint32_t slot, const Sink& file) {
  return add(NameEntry::kWriter, slot, &channel, file.path(), file_text(file));
}

Name* NameLog::add_tag(const Name& writer, std::string_view tag) {
  return add(NameEntry::kTag, writer.id, writer.channel, tag, tag);
}

void NameLog::move_writer(const Name& writer, const Sink& file) {
  add(NameEntry::kMoved, writer.id, writer.channel, file.path(), file_text(file));
}

Name* NameLog::add(std::uint32_t kind, std::uint32_t owner, Channel* channel, std::string_view text,
                   std::string_view shared_text) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto id = static_cast<std::uint32_t>(names_.size());
  // A reader counts entries, so once one is missing from the log all later ones are.
  const bool all_shared = names_.empty() || names_.back().is_shared;
  Name& name = names_.emplace_back(Name{id, owner, channel, std::string(text), false});
  try {
    if (kind != NameEntry::kTag) files_.try_emplace(id, kind, shared_text);
  } catch (const std::bad_alloc&) {
    names_.pop_back();
    throw;
  }
  name.is_shared = all_shared && share(kind, owner, shared_text);
  return &name;
}

bool NameLog::share(std::uint32_t kind, std::uint32_t owner, std::string_view text) {
  RingHeader& header = ring_.header();
  const std::uint64_t size = sizeof(NameEntry) + padded(text.size());
  const OpRing::Offsets& offsets = ring_.offsets();
  if (size > offsets.names_capacity - used_) return false;
  while (used_ + size > backed_) {
    const std::uint64_t missing = used_ + size - backed_;
    const std::uint64_t more = std::min((missing + kNamesGrowBytes - 1) / kNamesGrowBytes * kNamesGrowBytes,
                                        offsets.names_capacity - backed_);
    if (!ring_.mapping().allocate(offsets.names + backed_, more)) return false;
    backed_ += more;
  }
  append(kind, owner, text);
  header.names_used.store(used_, std::memory_order_release);  // pairs with recovery's load
  return true;
}

void NameLog::append(std::uint32_t kind, std::uint32_t owner, std::string_view text) {
  std::uint8_t* to = ring_.mapping().data() + ring_.offsets().names + used_;
  const NameEntry entry{kind, owner, text.size()};
  std::memcpy(to, &entry, sizeof entry);
  std::memcpy(to + sizeof entry, text.data(), text.size());
  used_ += sizeof entry + padded(text.size());
}

std::optional<OpRing::Cut> NameLog::mend_ring() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::optional<OpRing::Cut> cut = ring_.mend();
  if (!cut) return cut;
  used_ = 0;
  for (const Name& name : names_) {
    if (!name.is_shared) break;
    const auto file = files_.find(name.id);
    const bool is_tag = file == files_.end();
    append(is_tag ? std::uint32_t{NameEntry::kTag} : file->second.first, name.owner,
           is_tag ? std::string_view(name.text) : std::string_view(file->second.second));
  }
  ring_.header().names_used.store(used_, std::memory_order_release);  // pairs with recovery's load
  return cut;
}

void NameLog::reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  names_.clear();
  files_.clear();
  used_ = 0;
  ring_.header().names_used.store(0, std::memory_order_release);
}

}  // namespace tickertape
