// The facade. L4.
#include "writer/event_file_writer.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/os/file.h"
#include "base/os/fork_number.h"
#include "event/encoder.h"
#include "recovery/recovery.h"
#include "tfrecord/record_writer.h"
#include "writer/event_file_name.h"

namespace tickertape {
namespace {

void check_no_nul(const std::string& text, const char* argument) {
  if (text.find('\0') != std::string::npos)
    throw ArgumentError(std::string(argument) + ": expected text without NUL, got one with it");
}

// Writes the start of a file. The caller's thread does it, so that trouble with the directory raises at the
// call, and so that a reader never finds an empty file. `purge_step` may be nullptr.
void write_opening(Sink& sink, const std::int64_t* purge_step) {
  const double now = wall_time_now();
  const std::int64_t step = purge_step != nullptr ? *purge_step : 0;
  Buffer records;
  {
    RecordBuilder record(records);
    encode_version_event(now, step, records);
    record.finish();
  }
  // Twice: TensorBoard takes the first one of a run for its beginning, and only a later one for a restart at
  // which to hide what it has (plugin_event_accumulator.py, _CheckForRestartAndMaybePurge). torch writes one.
  for (int i = 0; purge_step != nullptr && i < 2; ++i) {
    RecordBuilder record(records);
    encode_session_start_event(now, step, records);
    record.finish();
  }
  const Appended appended = sink.append(records.bytes());
  if (appended.error_number != 0)
    throw IoError(appended.error_number, sink.path(), "cannot write event file");
}

// Creates a new event file in `log_dir`, which is made if it does not exist. Leaves no file if that fails.
std::unique_ptr<Sink> begin_event_file(const std::string& log_dir, const std::string& suffix,
                                       const std::int64_t* purge_step) {
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

// True for errors that may end without anybody changing the directory.
bool may_pass(int error_number) {
  constexpr int kPassing[] = {EMFILE, ENFILE, ENOSPC, EDQUOT,   EIO,      EROFS,
                              ENOMEM, EFBIG,  ESTALE, ENOTCONN, ETIMEDOUT};
  return std::find(std::begin(kPassing), std::end(kPassing), error_number) != std::end(kPassing);
}

// The sink of a file that could not be made yet.
class MissingSink : public Sink {
 public:
  explicit MissingSink(std::string path)
      : path_(std::move(path)), location_(location_of_missing_file(path_)) {}
  Appended append(Bytes) noexcept override { return {0, ENOENT}; }
  SinkState check_state() noexcept override { return SinkState::kMissing; }
  void sync() override { throw IoError(ENOENT, path_, "cannot sync"); }
  std::uint64_t size() const override { return 0; }
  const FileLocation& location() const noexcept override { return location_; }
  const std::string& path() const override { return path_; }

 private:
  const std::string path_;
  const FileLocation location_;
};

}  // namespace

std::string fork_directory(const std::string& log_dir) {
  const std::uint32_t number = fork_number();
  return number == 0 ? log_dir : log_dir + "/fork_" + std::to_string(number);
}

EventFileWriter::EventFileWriter(std::string log_dir, WriterOptions options)
    : log_dir_(std::move(log_dir)), options_(std::move(options)) {
  check_no_nul(log_dir_, "log_dir");
  check_no_nul(options_.filename_suffix, "filename_suffix");
  constexpr auto kSeparator = static_cast<char>(std::filesystem::path::preferred_separator);
  if (options_.filename_suffix.find_first_of(std::string{'/', kSeparator}) != std::string::npos) {
    throw ArgumentError("filename_suffix: expected part of a file name, got one with a separator of paths");
  }
  if (options_.write_to_disk) open(log_dir_, options_.is_patient);
}

EventFileWriter::~EventFileWriter() {
  if (!is_ready()) abandon();
}

void EventFileWriter::open(const std::string& directory, bool is_patient) {
  prepare_fork_numbers();
  std::error_code is_unknown;
  const bool was_there = std::filesystem::exists(directory, is_unknown);
  SinkPlan plan;
  const std::int64_t* purge_step = epoch_ == 0 && options_.purge_step ? &*options_.purge_step : nullptr;
  try {
    plan.sink = begin_event_file(directory, options_.filename_suffix, purge_step);
  } catch (const IoError& error) {
    if (!is_patient || !may_pass(error.error_number())) throw;
    plan.sink = std::make_unique<MissingSink>(event_file_path(directory, options_.filename_suffix));
  }
  plan.renew = [directory, suffix = options_.filename_suffix] {
    return begin_event_file(directory, suffix, nullptr);
  };
  plan.raises = options_.on_error == OnError::kRaise;
  Backend& backend = ProcessBackend::instance();
  recover_at_opening(directory, was_there, backend.notices());
  file_ = std::make_shared<OpenFile>(backend, std::move(plan), options_.on_full);
  ++epoch_;
}

void EventFileWriter::open_again() {
  if (is_closed()) throw ClosedError("writer: expected an open one, got one that is closed");
  if (!options_.write_to_disk) return;
  abandon();
  open(fork_directory(log_dir_), options_.on_error == OnError::kWarn);
}

// The file of this process's parent. Never destroyed here: a thread that exists only in the parent may have
// been changing it at the fork.
void EventFileWriter::abandon() {
  if (file_ != nullptr) new std::shared_ptr<OpenFile>(std::move(file_));
}

std::shared_ptr<OpenFile> EventFileWriter::detach() {
  if (!is_ready()) abandon();
  is_closed_ = true;
  ++epoch_;
  return std::exchange(file_, nullptr);
}

}  // namespace tickertape
