// The facade. L4.
#include "pipeline/event_file_writer.h"

#include <utility>

#include "base/error.h"
#include "base/os_file.h"
#include "event/encoder.h"
#include "pipeline/event_file_name.h"
#include "record/record_writer.h"

namespace tickertape {
namespace {

void check_no_nul(const std::string& text, const char* argument) {
  if (text.find('\0') != std::string::npos)
    throw ArgumentError(std::string(argument) + " must not contain NUL");
}

// What stands at the start of every file, written by the caller itself: so that what is wrong with the
// directory shows at once, and so that a reader never finds an empty file.
void write_opening(Sink& sink, const WriterOptions& options, bool first_opening) {
  const double now = wall_time_now();
  const bool purges = first_opening && options.purge_step.has_value();
  const std::int64_t step = purges ? *options.purge_step : 0;
  Buffer records;
  {
    RecordFrame frame(records);
    encode_version_event(now, step, records);
    frame.finish();
  }
  if (purges) {
    RecordFrame frame(records);
    encode_session_start_event(now, step, records);
    frame.finish();
  }
  const Appended appended = sink.append(records.bytes());
  if (appended.error_number != 0)
    throw IoError(appended.error_number, sink.path(), "cannot write event file");
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
  if (is_ready()) {
    file_->backend->close(*file_->channel);
  } else {
    abandon();
  }
}

void EventFileWriter::open() {
  make_directories(log_dir_);
  std::unique_ptr<Sink> sink = create_event_file(log_dir_, options_.filename_suffix);
  write_opening(*sink, options_, epoch_ == 0);
  auto file = std::make_unique<OpenFile>();
  file->backend = &Backend::instance(log_dir_);
  file->channel = &file->backend->open(std::move(sink), file->name);
  file_ = std::move(file);
  ++epoch_;
}

// In a forked child: nothing of the parent's may be touched, not even to free it.
void EventFileWriter::abandon() { [[maybe_unused]] const OpenFile* parents = file_.release(); }

void EventFileWriter::prepare() {
  if (is_ready()) return;
  if (is_closed()) throw ArgumentError("writer is closed");
  abandon();
  open();
}

const Name& EventFileWriter::tag(std::string_view text) {
  prepare();
  const std::lock_guard<std::mutex> lock(file_->tags_mutex);
  const auto found = file_->tags.find(text);
  if (found != file_->tags.end()) return *found->second;
  Name* name = file_->backend->names().add_tag(*file_->name, text);
  file_->tags.emplace(name->text, name);
  return *name;
}

void EventFileWriter::add_scalar(std::string_view tag, double value, std::int64_t step, double wall_time,
                                 ScalarStyle style) {
  add_named_scalar(this->tag(tag), value, step, wall_time, style);
}

bool EventFileWriter::add_named_scalar(const Name& name, double value, std::int64_t step, double wall_time,
                                       ScalarStyle style) {
  prepare();
  const bool accepted = push([&] { return try_add_scalar(name.id, value, step, wall_time, style); });
  if (accepted && !name.is_shared) flush();
  return accepted;
}

bool EventFileWriter::add_scalars(std::span<const TaggedScalar> scalars, std::int64_t step,
                                  double wall_time) {
  return add_op(OpKind::kSummary, nullptr, scalars_summary_size(scalars), step, wall_time,
                [&](std::uint8_t* to) { write_scalars_summary(scalars, to); });
}

bool EventFileWriter::add_message(OpKind kind, Bytes message, std::int64_t step, double wall_time) {
  return add_op(kind, nullptr, message.size(), step, wall_time, [&](std::uint8_t* to) {
    if (!message.empty()) std::memcpy(to, message.data(), message.size());
  });
}

int EventFileWriter::flush() {
  // In a forked child there is nothing of its own to write yet.
  return is_ready() ? file_->backend->flush(*file_->channel) : 0;
}

int EventFileWriter::sync() {
  if (!is_ready()) return 0;
  const std::shared_ptr<Sink> sink = file_->channel->sink;
  const int error_number = flush();
  sink->sync();
  return error_number;
}

int EventFileWriter::close() {
  int error_number = 0;
  if (is_ready()) {
    error_number = flush();
    file_->backend->close(*file_->channel);
    file_.reset();
  } else {
    abandon();
  }
  ++epoch_;
  return error_number;
}

}  // namespace tickertape
