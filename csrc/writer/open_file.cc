// One open event file. L4.
#include "writer/open_file.h"

#include <algorithm>
#include <string>

#include "event/tag_trouble.h"

namespace tickertape {

const Name& OpenFile::tag(std::string_view text, TagKind kind) {
  const std::lock_guard<std::mutex> lock(tags_mutex_);
  const auto found = tags_.find(text);
  if (found == tags_.end()) {
    Name* name = backend_.names().add_tag(*channel_.name, text);
    tags_.emplace(name->text, Tag{name, kind});
    if (const std::string trouble = tag_trouble(text); !trouble.empty()) [[unlikely]] {
      backend_.notices().add(trouble);
      backend_.ring().request_attention();  // of the call that asks for the name
    }
    return *name;
  }
  Tag& tag = found->second;
  if (tag.kind != kind && !tag.is_told) [[unlikely]] {
    tag.is_told = true;
    backend_.notices().add("tag: expected data of one kind for '" + tag.name->text + "', got " +
                           name_of(kind) + " after " + name_of(tag.kind) +
                           ", and TensorBoard shows only the first kind of a tag; use another tag (said "
                           "once for this tag)");
    backend_.ring().request_attention();  // of the call that asks for the name
  }
  return *tag.name;
}

std::uint32_t OpenFile::name_id(std::optional<std::string_view> tag) {
  const std::lock_guard<std::mutex> lock(tags_mutex_);
  const auto found = tag ? tags_.find(*tag) : tags_.end();
  return found != tags_.end() ? found->second.name->id : channel_.name->id;
}

void OpenFile::look_at_tags(std::span<const TaggedScalar> scalars) {
  // A call with more tags than any training loop has should not fill the name log with them.
  constexpr std::size_t kMostNamed = 1000;
  for (const TaggedScalar& scalar : scalars) {
    if (scalars.size() <= kMostNamed || !tag_trouble(scalar.tag).empty())
      static_cast<void>(tag(scalar.tag, TagKind::kScalars));
  }
}

bool OpenFile::add_scalar(std::string_view tag, double value, std::int64_t step, double wall_time,
                          ScalarStyle style) {
  const Name& name = this->tag(tag, TagKind::kScalars);
  const bool accepted = pusher_.push([&] { return try_add_scalar(name.id, value, step, wall_time, style); });
  if (accepted && !name.is_shared) flush();
  return accepted;
}

bool OpenFile::add_scalars(std::span<const TaggedScalar> scalars, std::int64_t step, double wall_time) {
  const std::uint64_t size = std::uint64_t{1} << std::min<std::size_t>(scalars.size(), 63);
  if ((sizes_looked_at_.load(std::memory_order_relaxed) & size) == 0) [[unlikely]] {
    sizes_looked_at_.fetch_or(size, std::memory_order_relaxed);
    look_at_tags(scalars);
  }
  return add_op({OpKind::kSummary, *channel_.name, step, wall_time}, scalars_summary_size(scalars),
                [&](std::uint8_t* to) { write_scalars_summary(scalars, to); });
}

bool OpenFile::add_message(OpKind kind, Bytes message, std::int64_t step, double wall_time) {
  return add_op({kind, *channel_.name, step, wall_time}, message.size(), [&](std::uint8_t* to) {
    if (!message.empty()) std::memcpy(to, message.data(), message.size());
  });
}

int OpenFile::sync() {
  const int error_number = flush();
  channel_.current_sink()->sync();
  return error_number;
}

}  // namespace tickertape
