// A writer that one thread may close while others log to it. L5; no Python, so that native tests run it with
// threads: `Keys` says how to keep a key, `Mutex` is empty if something else orders the threads (the GIL).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "writer/event_file_writer.h"

namespace tickertape::bindings {

// Finds the name of a tag by the identity of its key, the tag's text as an object: a training loop logs the
// same few literals over and over. Set-associative; each entry owns a reference to its key. One thread at a
// time.
template <typename Keys>
class TagCache {
 public:
  using Key = typename Keys::Key;

  TagCache() = default;
  TagCache(const TagCache&) = delete;
  TagCache& operator=(const TagCache&) = delete;
  ~TagCache() {
    for (const Set& set : sets_) {
      for (const Entry& entry : set) Keys::drop(entry.key);
    }
  }

  const Name* find(Key tag, std::uint64_t epoch) const {
    for (const Entry& entry : sets_[index_of(tag)]) {
      if (entry.key == tag) return entry.epoch == epoch ? entry.name : nullptr;
    }
    return nullptr;
  }
  // Returns the key that it no longer keeps, for Keys::drop(), or nullptr.
  [[nodiscard]] Key put(Key tag, std::uint64_t epoch, const Name* name) {
    Set& set = sets_[index_of(tag)];
    // Replaces the entry of an earlier epoch, otherwise the oldest of the set.
    const auto is_same = [&](const Entry& entry) { return entry.key == tag; };
    const auto place = std::find_if(set.begin(), set.end() - 1, is_same);
    Keys::keep(tag);
    const Key before = place->key;
    std::move_backward(set.begin(), place, place + 1);
    set.front() = {tag, epoch, name};
    return before;
  }

 private:
  struct Entry {
    Key key = nullptr;
    std::uint64_t epoch = 0;
    const Name* name = nullptr;
  };
  // With one entry a set, tags that shared one made each other's calls look the name up again: 133 ns a call
  // for 100 tags of one f-string, and 61 ns with four (measured).
  static constexpr std::size_t kWays = 4, kSets = 64;
  using Set = std::array<Entry, kWays>;

  // Strings that are made together are often 64 bytes apart, so the address is mixed (Fibonacci hashing;
  // Knuth, The Art of Computer Programming 3, 6.4).
  static std::size_t index_of(Key tag) {
    constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
    return (reinterpret_cast<std::uintptr_t>(tag) * kGoldenRatio) >> (64 - std::countr_zero(kSets));
  }

  std::array<Set, kSets> sets_;
};

struct PlainScalar {
  double value = 0;
  std::int64_t step = 0;
  double wall_time = 0;
  ScalarStyle style = ScalarStyle::kSimpleValue;
};

// An EventFileWriter with its cache of tags, for many threads. No call waits for the disk, except that the
// first one in a forked child opens a file.
template <typename Keys, typename Mutex>
class SharedWriter {
 public:
  using Key = typename Keys::Key;

  SharedWriter(std::string log_dir, WriterOptions options)
      : writer_(std::move(log_dir), std::move(options)) {}

  const std::string& log_dir() const { return writer_.log_dir(); }
  std::string path() const {
    const std::lock_guard<Mutex> lock(mutex_);
    return writer_.path();
  }
  bool is_closed() const {
    const std::lock_guard<Mutex> lock(mutex_);
    return writer_.is_closed();
  }
  // As those of EventFileWriter. The file stays open while it is held.
  std::shared_ptr<OpenFile> file() {
    const std::lock_guard<Mutex> lock(mutex_);
    return writer_.file();
  }
  std::shared_ptr<OpenFile> detach() {
    const std::lock_guard<Mutex> lock(mutex_);
    return writer_.detach();
  }
  // nullptr if no file is open, or if it is that of this process's parent.
  std::shared_ptr<OpenFile> ready_file() {
    const std::lock_guard<Mutex> lock(mutex_);
    return writer_.is_ready() ? writer_.file() : nullptr;
  }

  // HOT PATH, the plain scalar: a tag that was logged before, an open file, room in the ring. kFull: nothing
  // was done. kDoneNeedsAttention also if the file has an error to raise.
  Pushed try_known_tag(Key tag, const PlainScalar& scalar) {
    const std::lock_guard<Mutex> lock(mutex_);
    if (!writer_.is_ready()) return Pushed::kFull;
    const Name* name = tags_.find(tag, writer_.epoch());
    if (name == nullptr || !name->is_shared) return Pushed::kFull;
    return push(*writer_.file(), *name, scalar);
  }
  // The same for any tag, whose text is `text`; remembers `tag` if `keeps` is true.
  Pushed try_any_tag(Key tag, std::string_view text, bool keeps, const PlainScalar& scalar) {
    const std::shared_ptr<OpenFile> file = ready_file();
    if (file == nullptr) return Pushed::kFull;
    const Name& name = file->tag(text, TagKind::kScalars);
    if (keeps) remember(tag, *file, name);
    return name.is_shared ? push(*file, name, scalar) : Pushed::kFull;
  }

 private:
  static Pushed push(OpenFile& file, const Name& name, const PlainScalar& scalar) {
    const Pushed pushed =
        file.try_add_scalar(name.id, scalar.value, scalar.step, scalar.wall_time, scalar.style);
    return pushed == Pushed::kDone && file.error_to_raise() != 0 ? Pushed::kDoneNeedsAttention : pushed;
  }
  void remember(Key tag, const OpenFile& file, const Name& name) {
    Key dropped = nullptr;
    {
      const std::lock_guard<Mutex> lock(mutex_);
      if (!writer_.is_ready() || writer_.file().get() != &file) return;  // closed meanwhile
      dropped = tags_.put(tag, writer_.epoch(), &name);
    }
    Keys::drop(dropped);  // without the lock: it may free an object
  }

  EventFileWriter writer_;
  TagCache<Keys> tags_;
  mutable Mutex mutex_;
};

// The writer that takes the calls of an object, or the object that takes them instead. Another thread may
// change both. `Object` owns what it refers to.
template <typename Writer, typename Object, typename Mutex>
class WriterBinding {
 public:
  struct Bound {
    Writer* writer = nullptr;  // kept alive by `object`; nullptr: `object` takes the calls, if it is not null
    Object object;
  };

  // HOT PATH: what `use` returns for the writer, which stays while it runs; `otherwise` if there is none.
  template <typename Use, typename Result>
  Result use_writer(Use use, Result otherwise) const {
    const std::lock_guard<Mutex> lock(mutex_);
    return bound_.writer == nullptr ? otherwise : use(*bound_.writer);
  }
  bool has_substitute() const {
    const std::lock_guard<Mutex> lock(mutex_);
    return bound_.writer == nullptr && bound_.object;
  }
  Bound get() const {
    const std::lock_guard<Mutex> lock(mutex_);
    return bound_;
  }
  // Returns what was bound before: releasing it may run any code.
  Bound exchange(Bound bound) {
    const std::lock_guard<Mutex> lock(mutex_);
    std::swap(bound_, bound);
    return bound;
  }

 private:
  Bound bound_;
  mutable Mutex mutex_;
};

}  // namespace tickertape::bindings
