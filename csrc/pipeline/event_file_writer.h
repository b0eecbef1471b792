// The facade: one event file to log to. L4; the C++ API in its own right, and what the bindings stand on.
//
//   tickertape::EventFileWriter writer("runs/one");
//   writer.add_scalar("loss", 0.25, /*step=*/1);
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/os_clock.h"
#include "event/op.h"
#include "event/op_body.h"
#include "event/scalars_summary.h"
#include "pipeline/backend.h"

namespace tickertape {

// What a call does when the byte budget is used up.
enum class OnFull { kBlock, kDrop };

struct WriterOptions {
  std::string filename_suffix;
  std::optional<std::int64_t> purge_step;  // TensorBoard forgets what it has from this step on
  OnFull on_full = OnFull::kBlock;
};

// Thread-safe, except that nothing may run beside close() and the destructor. After fork() the child's first
// call opens a file of its own in the same directory. Strings are UTF-8.
class EventFileWriter {
 public:
  // Makes `log_dir` (absolute) and the file with its version event in it. Throws IoError; ArgumentError for a
  // NUL.
  explicit EventFileWriter(std::string log_dir, WriterOptions options = {});
  // Closes without waiting: the backend finishes the file.
  ~EventFileWriter();
  EventFileWriter(const EventFileWriter&) = delete;
  EventFileWriter& operator=(const EventFileWriter&) = delete;

  const std::string& log_dir() const { return log_dir_; }
  // The file's path; "" once closed.
  std::string path() const { return file_ != nullptr ? file_->name->text : std::string(); }
  bool is_closed() const { return file_ == nullptr; }

  // --- Logging. Each call returns when the op is in the ring.
  // ------------------------------------------------------

  void add_scalar(std::string_view tag, double value, std::int64_t step, double wall_time = wall_time_now(),
                  ScalarStyle style = ScalarStyle::kSimpleValue);

  // An op with a body (event/op.h). Arrays are copied before it returns. False where it was dropped.
  template <typename Body>
  bool add(OpKind kind, std::string_view tag, const Body& body, std::int64_t step, double wall_time) {
    return add_op(kind, &this->tag(tag), body_size(body), step, wall_time,
                  [&](std::uint8_t* to) { write_body(body, to); });
  }
  // Many scalars in one Event.
  bool add_scalars(std::span<const TaggedScalar> scalars, std::int64_t step, double wall_time);
  // A serialised Summary or Event (kSummary, kEvent).
  bool add_message(OpKind kind, Bytes message, std::int64_t step, double wall_time);

  // --- For callers that keep a tag's number and must not wait with a lock held
  // -----------------------------------------

  // Ready for a push: open, and in the process that opened it. Otherwise prepare() first.
  bool is_ready() const { return file_ != nullptr && file_->backend == Backend::current(); }
  // Opens a file of its own where this process was forked from the one that opened it. Throws IoError;
  // ArgumentError when closed.
  void prepare();
  // Changes whenever names got from tag() have become invalid.
  std::uint64_t epoch() const { return epoch_; }
  // The name of a tag; good until epoch() changes.
  const Name& tag(std::string_view text);

  // HOT PATH; is_ready() must hold, and the name must be shared. kFull: nothing was done.
  Pushed try_add_scalar(std::uint32_t name, double value, std::int64_t step, double wall_time,
                        ScalarStyle style) {
    return file_->backend->ring().try_push_scalar(name, style, value, step, wall_time,
                                                  file_->channel->pushed);
  }
  // The same for any name, waiting where it has to. False where it was dropped.
  bool add_named_scalar(const Name& name, double value, std::int64_t step, double wall_time,
                        ScalarStyle style);

  // --- The file
  // ----------------------------------------------------------------------------------------------------

  // Returns 0 when every op accepted before is in the file and visible to a reader, or the error number of
  // what keeps it out (it stays queued). Nothing new: one comparison.
  int flush();
  // flush(), and what was written is on the disk. Throws IoError.
  int sync();
  // flush() and the end of this writer. Closing twice is fine. Where flush() fails the backend goes on
  // trying.
  int close();

  Backend& backend() { return *file_->backend; }

 private:
  // One open file. A forked child leaks its parent's: nothing in it may be touched there.
  struct OpenFile {
    Backend* backend;
    Channel* channel;
    Name* name;
    std::mutex tags_mutex;
    std::unordered_map<std::string_view, Name*> tags;  // keys point into the names
  };

  void open();
  void abandon();
  template <typename Write>
  bool add_op(OpKind kind, const Name* name, std::uint64_t size, std::int64_t step, double wall_time,
              Write write);
  template <typename TryPush>
  bool push(TryPush try_push);

  const std::string log_dir_;
  const WriterOptions options_;
  std::unique_ptr<OpenFile> file_;
  std::uint64_t epoch_ = 0;
};

// Tries until there is room, or drops as the writer was told.
template <typename TryPush>
bool EventFileWriter::push(TryPush try_push) {
  Backend& backend = *file_->backend;
  for (;;) {
    const std::uint64_t seen_tail = backend.ring().tail();
    const Pushed pushed = try_push();
    if (pushed == Pushed::kDone) return true;
    if (pushed == Pushed::kDoneSlowly) {
      backend.attend();
      return true;
    }
    if (options_.on_full == OnFull::kDrop) {
      Counters::add(backend.counters().events_dropped, 1);
      return false;
    }
    backend.wait_for_room(seen_tail);
  }
}

template <typename Write>
bool EventFileWriter::add_op(OpKind kind, const Name* name, std::uint64_t size, std::int64_t step,
                             double wall_time, Write write) {
  using ring_layout::OpHeader;
  prepare();
  OpRing& ring = file_->backend->ring();
  if (name == nullptr) name = file_->name;
  const bool on_heap = size > ring.max_body_size();
  std::unique_ptr<std::uint8_t[]> heap;
  if (on_heap) {
    heap.reset(new std::uint8_t[size]);
    write(heap.get());
  }
  OpHeader* op = nullptr;
  bool slowly = false;
  const bool accepted = push([&] {
    op = ring.try_reserve(kind, on_heap ? ring_layout::kBodyOnHeap : std::uint8_t{0}, name->id,
                          on_heap ? sizeof(ring_layout::HeapBody) : size, step, wall_time,
                          file_->channel->pushed, slowly);
    if (op == nullptr) return Pushed::kFull;
    if (on_heap) {
      const ring_layout::HeapBody body{heap.release(), size};
      std::memcpy(OpRing::body(op), &body, sizeof body);
    } else {
      write(OpRing::body(op));
    }
    OpRing::finish(op);
    return slowly ? Pushed::kDoneSlowly : Pushed::kDone;
  });
  // What no other process could bring home is in the file before the call returns.
  if (accepted && (on_heap || !name->is_shared)) flush();
  return accepted;
}

}  // namespace tickertape
