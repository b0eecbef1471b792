// The sink that is an event file. L3.
#include <atomic>
#include <cerrno>
#include <limits>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/os/file.h"
#include "sink/sink.h"

namespace tickertape {
namespace {

class FileSink : public Sink {
 public:
  explicit FileSink(File file, std::uint64_t size = 0)
      : file_(std::move(file)), location_(file_.location()), size_(size) {}

  Appended append(Bytes bytes) noexcept override {
    // relaxed: a limit that is seen one write later is as good
    if (size_ >= size_limit_.load(std::memory_order_relaxed)) return {0, EDQUOT};
    std::size_t done = 0;
    while (done < bytes.size()) {
      const std::int64_t taken = file_.append_some(bytes.subspan(done));
      if (taken < 0) {
        // The file system was unmounted or its server forgot the file: this descriptor stays useless.
        is_lost_ = taken == -ESTALE || taken == -ENOTCONN || taken == -ENODEV;
        return {done, static_cast<int>(-taken)};
      }
      done += static_cast<std::size_t>(taken);
      size_ += static_cast<std::uint64_t>(taken);
    }
    return {done};
  }
  void set_size_limit(std::uint64_t bytes) noexcept override {
    size_limit_.store(bytes, std::memory_order_relaxed);
  }
  SinkState check_state() noexcept override {
    File::State state;
    if (is_lost_) return SinkState::kGone;
    if (!file_.known_state(state)) return SinkState::kSound;
    if (!state.is_ours) return SinkState::kClosed;
    if (state.links == 0) return SinkState::kGone;
    return state.size < size_ ? SinkState::kShort : SinkState::kSound;
  }
  std::unique_ptr<Sink> reopen() override { return std::make_unique<FileSink>(file_.reopened(), size_); }
  void sync() override { file_.sync(); }
  std::uint64_t size() const override { return size_; }
  const FileLocation& location() const noexcept override { return location_; }
  const std::string& path() const override { return file_.path(); }

 private:
  File file_;
  const FileLocation location_;
  std::uint64_t size_;
  std::atomic<std::uint64_t> size_limit_{std::numeric_limits<std::uint64_t>::max()};
  bool is_lost_ = false;
};

}  // namespace

std::unique_ptr<Sink> create_file_sink(const std::string& path) {
  return std::make_unique<FileSink>(File::create(path));
}

}  // namespace tickertape
