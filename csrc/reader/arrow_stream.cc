// Columns as the structures of Arrow that a consumer holds. L4.
#include "reader/arrow_stream.h"

#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace tickertape {
namespace {

constexpr std::int64_t kNullable = 2;  // ARROW_FLAG_NULLABLE

// What a structure that a consumer holds refers to. Consumers may move a child out and release it later, so
// each structure owns its own: its children lie in `children`, and are released only if nobody has taken
// them.
template <typename Structure>
struct Held {
  Held() = default;
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    for (const auto& child : children) release_if_held(*child);
    if (dictionary) release_if_held(*dictionary);
  }
  static void release_if_held(Structure& structure) {
    if (structure.release != nullptr) structure.release(&structure);
  }
  // What Arrow calls to release.
  template <typename Kept>
  static void release(Structure* structure) {
    delete static_cast<Kept*>(structure->private_data);
    structure->release = nullptr;
  }
  Structure& add_child() {
    children.push_back(std::make_unique<Structure>());
    pointers.push_back(children.back().get());
    return *children.back();
  }

  std::vector<std::unique_ptr<Structure>> children;
  std::vector<Structure*> pointers;
  std::unique_ptr<Structure> dictionary;
};

struct HeldSchema : Held<ArrowSchema> {
  std::string format;
  std::string name;
};

struct HeldArray : Held<ArrowArray> {
  std::shared_ptr<const ArrowTable> table;
  std::vector<const void*> buffers;
};

struct HeldStream {
  std::shared_ptr<const ArrowTable> table;
  std::size_t next = 0;
};

void fill_schema(std::string format, std::string name, const std::vector<ArrowType>& children,
                 const ArrowTexts* texts, ArrowSchema& out) {
  auto held = std::make_unique<HeldSchema>();
  held->format = std::move(format);
  held->name = std::move(name);
  for (const ArrowType& child : children)
    fill_schema(child.format, child.name, child.items, child.texts.get(), held->add_child());
  if (texts != nullptr) {
    held->dictionary = std::make_unique<ArrowSchema>();
    fill_schema("U", "", {}, nullptr, *held->dictionary);
  }
  out = {held->format.c_str(),
         held->name.c_str(),
         nullptr,
         kNullable,
         static_cast<std::int64_t>(held->pointers.size()),
         held->pointers.data(),
         held->dictionary.get(),
         &HeldSchema::release<HeldSchema>,
         held.get()};
  [[maybe_unused]] const auto* const owned = held.release();  // by the consumer
}

void fill_array(std::shared_ptr<const ArrowTable> table, const std::vector<ArrowType>& types,
                const std::vector<ArrowNode>& children, const ArrowTexts* texts, const ArrowNode& node,
                ArrowArray& out) {
  auto held = std::make_unique<HeldArray>();
  held->buffers = node.buffers;
  for (std::size_t i = 0; i < children.size(); ++i)
    fill_array(table, types[i].items, children[i].items, types[i].texts.get(), children[i],
               held->add_child());
  if (texts != nullptr) {
    ArrowNode all;
    all.length = static_cast<std::int64_t>(texts->offsets.size()) - 1;
    all.buffers = {nullptr, texts->offsets.data(), texts->bytes.data()};
    held->dictionary = std::make_unique<ArrowArray>();
    fill_array(table, {}, {}, nullptr, all, *held->dictionary);
  }
  held->table = std::move(table);
  const bool may_have_nulls = !held->buffers.empty() && held->buffers.front() != nullptr;
  out = {node.length,
         may_have_nulls ? -1 : 0,  // -1: to be counted
         0,
         static_cast<std::int64_t>(held->buffers.size()),
         static_cast<std::int64_t>(held->pointers.size()),
         held->buffers.data(),
         held->pointers.data(),
         held->dictionary.get(),
         &HeldArray::release<HeldArray>,
         held.get()};
  [[maybe_unused]] const auto* const owned = held.release();  // by the consumer
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  try {
    export_schema(static_cast<HeldStream*>(stream->private_data)->table->types, *out);
    return 0;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  auto& held = *static_cast<HeldStream*>(stream->private_data);
  try {
    *out = {};
    if (held.next == held.table->batches.size()) return 0;  // a released array: the end
    const ArrowBatch& batch = held.table->batches[held.next];
    ArrowNode row;
    row.length = batch.rows;
    row.buffers = {nullptr};
    fill_array(held.table, held.table->types, batch.columns, nullptr, row, *out);
    ++held.next;
    return 0;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

const char* get_last_error(ArrowArrayStream* /*stream*/) { return "out of memory"; }

void release_stream(ArrowArrayStream* stream) {
  delete static_cast<HeldStream*>(stream->private_data);
  stream->release = nullptr;
}

}  // namespace

void export_schema(const std::vector<ArrowType>& types, ArrowSchema& out) {
  fill_schema("+s", "", types, nullptr, out);
}

void export_stream(std::shared_ptr<const ArrowTable> table, ArrowArrayStream& out) {
  out = {&get_schema, &get_next, &get_last_error, &release_stream, new HeldStream{std::move(table)}};
}

}  // namespace tickertape
