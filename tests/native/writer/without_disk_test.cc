// A writer with write_to_disk=false: nothing of the pipeline comes into being, and arrays are not even read.
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>

#include "base/error.h"
#include "base/os/process.h"
#include "check.h"
#include "writer/event_file_writer.h"

namespace tickertape {
namespace {

namespace fs = std::filesystem;

WriterOptions without_disk() {
  WriterOptions options;
  options.write_to_disk = false;
  options.purge_step = 3;
  return options;
}

std::string missing_directory() {
  return (fs::temp_directory_path() / "tickertape_without_disk" / std::to_string(process_id())).string();
}

std::ptrdiff_t threads() {
  return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator());
}

TEST(nothing_is_made) {
  const std::string log_dir = missing_directory();
  const std::ptrdiff_t threads_before = threads();
  {
    EventFileWriter writer(log_dir, without_disk());
    CHECK_EQ(writer.log_dir(), log_dir);
    CHECK_EQ(writer.path(), std::string());
    CHECK(!writer.is_closed());
    CHECK(writer.add_scalar("s", 1, 0));
    CHECK(writer.add_message(OpKind::kEvent, {}, 0, 0));
    // An address that cannot be read: the array is neither copied nor encoded.
    const std::ptrdiff_t size = std::ptrdiff_t{1} << 40;
    const std::ptrdiff_t stride = sizeof(float);
    HistogramOp op;
    op.values.source = {nullptr, DType::kFloat32, 1, &size, &stride};
    CHECK(writer.add(OpKind::kHistogram, "h", op, 0, 0));
    CHECK_EQ(writer.flush(), 0);
    CHECK(writer.file() == nullptr);
  }
  CHECK(ProcessBackend::current() == nullptr);  // no ring, no thread
  CHECK_EQ(threads(), threads_before);
  CHECK(!fs::exists(log_dir));
}

TEST(it_closes_like_any_other) {
  EventFileWriter writer(missing_directory(), without_disk());
  CHECK_EQ(writer.close(), 0);
  CHECK(writer.is_closed());
  CHECK_EQ(writer.close(), 0);
  CHECK_THROWS(ArgumentError, (writer.add_scalar("s", 1, 0), 0));
}

TEST(it_checks_what_any_other_checks) {
  WriterOptions options = without_disk();
  options.filename_suffix = "a/b";
  CHECK_THROWS(ArgumentError, (EventFileWriter(missing_directory(), options), 0));
  CHECK_THROWS(ArgumentError, (EventFileWriter(std::string("a\0b", 3), without_disk()), 0));
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
