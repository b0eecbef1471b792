// The facade: one event file to log to. L4. This is the C++ API; the bindings use it too.
//
//   tickertape::EventFileWriter writer("runs/one");
//   writer.add_scalar("loss", 0.25, /*step=*/1);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/os/clock.h"
#include "drain/process_backend.h"
#include "writer/open_file.h"

namespace tickertape {

struct WriterOptions {
  std::string filename_suffix;
  std::optional<std::int64_t> purge_step;  // TensorBoard forgets what it has from this step on
  OnFull on_full = OnFull::kBlock;
  OnError on_error = OnError::kWarn;
  // If the disk refuses the file for now, the constructor does not throw, and the backend tries again. Forked
  // children and (in Python) writers that logging itself opens use this.
  bool is_patient = false;
  // False: ops are checked and dropped. No directory, file, ring or thread is made.
  bool write_to_disk = true;
};

// Where a process forked from the one that made a writer of `log_dir` writes: `<log_dir>/fork_<number>`, or
// `log_dir` itself once that process is dead. TensorBoard's plain loader follows one file of a directory, the
// newest: a second one that grows there would stop the curves of the first.
std::string fork_directory(const std::string& log_dir);

// Strings are UTF-8. After fork() the child's first call opens a file of its own in
// `fork_directory(log_dir)`.
//
// Calls may come from many threads, except that nothing runs beside detach(), close(), the destructor, or the
// first call in a forked child. A caller that cannot guarantee this for a whole call (the bindings give up
// the GIL) copies file() under its own lock and uses the copy.
class EventFileWriter {
 public:
  // Makes `log_dir` (absolute) and the file with its version event in it, unless `write_to_disk` is false.
  // Throws IoError; ArgumentError for a NUL.
  explicit EventFileWriter(std::string log_dir, WriterOptions options = {});
  // Closes without waiting: the backend finishes the file.
  ~EventFileWriter();
  EventFileWriter(const EventFileWriter&) = delete;
  EventFileWriter& operator=(const EventFileWriter&) = delete;

  const std::string& log_dir() const { return log_dir_; }
  // The file's path; "" if there is none: once closed, without `write_to_disk`, and in a forked child that
  // has not logged (the file is its parent's).
  std::string path() const { return is_ready() ? file_->path() : std::string(); }
  bool is_closed() const { return is_closed_; }

  // The open file of this process: a new one if this process was forked from the one that opened it; nullptr
  // without `write_to_disk`. Throws IoError; ArgumentError if the writer is closed.
  const std::shared_ptr<OpenFile>& file() {
    if (!is_ready()) [[unlikely]]
      open_again();
    return file_;
  }
  // Only with `write_to_disk`.
  Backend& backend() { return file()->backend(); }
  // True if a file is open and belongs to this process, so that file() has nothing to do.
  bool is_ready() const { return file_ != nullptr && &file_->backend() == ProcessBackend::current(); }
  // Changes when file() returns another object; names of the old object are then invalid.
  std::uint64_t epoch() const { return epoch_; }

  // Logging, see OpenFile. Each call returns when the op is in the ring, or at once without `write_to_disk`.
  bool add_scalar(std::string_view tag, double value, std::int64_t step, double wall_time = wall_time_now(),
                  ScalarStyle style = ScalarStyle::kSimpleValue) {
    OpenFile* const open = file().get();
    return open == nullptr || open->add_scalar(tag, value, step, wall_time, style);
  }
  template <typename Body>
  bool add(OpKind kind, std::string_view tag, const Body& body, std::int64_t step, double wall_time) {
    OpenFile* const open = file().get();
    return open == nullptr || open->add(kind, tag, body, step, wall_time);
  }
  bool add_message(OpKind kind, Bytes message, std::int64_t step, double wall_time) {
    OpenFile* const open = file().get();
    return open == nullptr || open->add_message(kind, message, step, wall_time);
  }

  // As OpenFile::flush(); 0 if it is closed, or in a forked child that has not logged.
  int flush(DeferredValues deferred = DeferredValues::kLeave) {
    return is_ready() ? file_->flush(deferred) : 0;
  }

  // Closes this writer without waiting and returns its file, so that the caller can wait without holding this
  // writer: close() is `finish(writer.detach())`. nullptr if there is nothing to wait for.
  std::shared_ptr<OpenFile> detach();
  static int finish(const std::shared_ptr<OpenFile>& file) {
    return file != nullptr ? file->flush(DeferredValues::kAwait) : 0;
  }

  // flush(), also for deferred values, and closes this writer. Closing twice is fine. If flush() fails, the
  // backend keeps trying.
  int close() { return finish(detach()); }

 private:
  void open(const std::string& directory, bool is_patient);
  void open_again();
  void abandon();

  const std::string log_dir_;
  const WriterOptions options_;
  std::shared_ptr<OpenFile> file_;  // nullptr once closed, and without `write_to_disk`
  std::uint64_t epoch_ = 0;
  bool is_closed_ = false;
};

}  // namespace tickertape
