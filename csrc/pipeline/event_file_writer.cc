// The facade. L4.
#include "pipeline/event_file_writer.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/os_file.h"
#include "event/encoder.h"
#include "pipeline/event_file_name.h"
#include "pipeline/recovery.h"
#include "record/record_writer.h"

namespace tickertape {
namespace {

void check_no_nul(const std::string& text, const char* argument) {
  if (text.find('\0') != std::string::npos)
    throw ArgumentError(std::string(argument) + " must not contain NUL");
}

// What stands at the start of every file, written by the caller itself: so that what is wrong with the
// directory shows at once, and so that a reader never finds an empty file.
void write_opening(Sink& sink, std::optional<std::int64_t> purge_step) {
  const double now = wall_time_now();
  const std::int64_t step = purge_step.value_or(0);
  Buffer records;
  {
    RecordFrame frame(records);
    encode_version_event(now, step, records);
    frame.finish();
  }
  if (purge_step.has_value()) {
    RecordFrame frame(records);
    encode_session_start_event(now, step, records);
    frame.finish();
  }
  const Appended appended = sink.append(records.bytes());
  if (appended.error_number != 0)
    throw IoError(appended.error_number, sink.path(), "cannot write event file");
}

// A new event file in `log_dir`, which is made if need be; none is left where that fails.
std::unique_ptr<Sink> begin_event_file(const std::string& log_dir, const std::string& suffix,
                                       std::optional<std::int64_t> purge_step) {
  make_directories(log_dir);
  std::unique_ptr<Sink> sink = create_event_file(log_dir, suffix);
  try {
    write_opening(*sink, purge_step);
  } catch (...) {
    std::error_code is_unknown;
    std::filesystem::remove(sink->path(), is_unknown);
    throw;
  }
  return sink;
}

}  // namespace

EventFileWriter::EventFileWriter(std::string log_dir, WriterOptions options)
    : log_dir_(std::move(log_dir)), options_(std::move(options)) {
  check_no_nul(log_dir_, "log_dir");
  check_no_nul(options_.filename_suffix, "filename_suffix");
  if (options_.filename_suffix.find('/') != std::string::npos) {
    throw ArgumentError("filename_suffix must not contain '/'");
  }
  open();
}

EventFileWriter::~EventFileWriter() {
  if (!is_ready()) abandon();
}

void EventFileWriter::open() {
  std::error_code is_unknown;
  const bool was_there = std::filesystem::exists(log_dir_, is_unknown);
  const bool is_first_opening = epoch_ == 0;
  SinkPlan plan;
  plan.sink = begin_event_file(log_dir_, options_.filename_suffix,
                               is_first_opening ? options_.purge_step : std::nullopt);
  plan.renew = [log_dir = log_dir_, suffix = options_.filename_suffix] {
    return begin_event_file(log_dir, suffix, std::nullopt);
  };
  plan.raises = options_.on_error == OnError::kRaise;
  Backend& backend = Backend::instance(log_dir_);
  recover_at_opening(log_dir_, was_there, backend.notices());
  file_ = std::make_shared<OpenFile>(backend, std::move(plan), options_.on_full);
  ++epoch_;
}

void EventFileWriter::open_again() {
  if (is_closed()) throw ArgumentError("writer is closed");
  abandon();
  open();
}

// The file of this process's parent: never destroyed here, since a thread that did not come along may have
// left it half-changed.
void EventFileWriter::abandon() {
  if (file_ != nullptr) new std::shared_ptr<OpenFile>(std::move(file_));
}

std::shared_ptr<OpenFile> EventFileWriter::detach() {
  if (!is_ready()) abandon();
  ++epoch_;
  return std::exchange(file_, nullptr);
}

}  // namespace tickertape
