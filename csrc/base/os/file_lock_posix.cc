// LockedDescriptor on POSIX systems; see file_lock.h. L0.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include "base/os/file_lock.h"
#include "base/os/posix_files.h"
#include "base/os/process.h"

namespace tickertape {

// The descriptors of this process, for a forked child to close. Without a lock, so that the child finds whole
// entries whatever other threads of its parent were doing; the pointers are exchanged with acquire and
// release order.
struct LockedDescriptor::Registry {
  static constexpr std::size_t kMost = 256;
  static inline std::array<std::atomic<Entry*>, kMost> places{};

  static void close_in_child() {
    for (std::atomic<Entry*>& place : places) {
      if (Entry* entry = place.exchange(nullptr)) entry->close();
    }
  }
  static bool enter(Entry* entry) {
    [[maybe_unused]] static const bool registered = [] {
      register_fork_handlers(nullptr, nullptr, close_in_child);
      return true;
    }();
    for (std::atomic<Entry*>& place : places) {
      Entry* nobody = nullptr;
      if (place.compare_exchange_strong(nobody, entry)) return true;
    }
    return false;
  }
  static void leave(Entry* entry) {
    for (std::atomic<Entry*>& place : places) {
      Entry* expected = entry;
      if (place.compare_exchange_strong(expected, nullptr)) return;
    }
  }
};

bool LockedDescriptor::Entry::is(int candidate, FileStatus& found) const {
  return candidate >= 0 && descriptor_status(candidate, found) == 0 && found.is_same_file(status);
}

bool LockedDescriptor::Entry::is(int candidate) const {
  FileStatus found;
  return is(candidate, found);
}

void LockedDescriptor::Entry::close() {
  if (is(number)) ::close(number);
  number = -1;
}

LockedDescriptor::LockedDescriptor(int descriptor, bool waits) : entry_(new Entry{descriptor, {}}) {
  error_ = descriptor_status(descriptor, entry_->status);
  if (error_ == 0) error_ = Registry::enter(entry_) ? posix::lock_open_file(descriptor, waits) : EMFILE;
  if (error_ == 0) error_ = descriptor_status(descriptor, entry_->status);  // others may have changed it
}

LockedDescriptor::LockedDescriptor(LockedDescriptor&& other) noexcept
    : entry_(std::exchange(other.entry_, nullptr)), error_(other.error_) {}

LockedDescriptor& LockedDescriptor::operator=(LockedDescriptor&& other) noexcept {
  std::swap(entry_, other.entry_);
  std::swap(error_, other.error_);
  return *this;
}

LockedDescriptor::~LockedDescriptor() {
  if (entry_ == nullptr) return;
  Registry::leave(entry_);
  // Not left to close(): a child that is being forked just now may still have a copy.
  if (error_ == 0 && entry_->is(entry_->number)) posix::unlock_open_file(entry_->number);
  entry_->close();
  delete entry_;
}

int LockedDescriptor::number() const { return entry_->is(entry_->number) ? entry_->number : -1; }

bool LockedDescriptor::examine(FileStatus& found) const { return entry_->is(entry_->number, found); }

int LockedDescriptor::number_or_reopened(const std::string& path) {
  if (const int known = number(); known >= 0) return known;
  entry_->number = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (!entry_->is(entry_->number) && entry_->number >= 0) ::close(std::exchange(entry_->number, -1));
  return entry_->number;
}

}  // namespace tickertape
