// LockedDescriptor on Windows; see file_lock.h. There is no fork(), so nothing has to be closed in a child.
// L0.
#include <cerrno>
#include <utility>

#include "base/os/file_lock.h"
#include "base/os/windows_calls.h"

namespace tickertape {
namespace {

// Locks of Windows keep others from the bytes that they cover, so this one covers a byte that no file has.
OVERLAPPED locked_byte() {
  OVERLAPPED place{};
  place.OffsetHigh = 0x7fff'ffff;
  return place;
}

int lock(int descriptor, bool waits) {
  OVERLAPPED place = locked_byte();
  const DWORD flags = LOCKFILE_EXCLUSIVE_LOCK | (waits ? 0U : DWORD{LOCKFILE_FAIL_IMMEDIATELY});
  if (LockFileEx(windows::handle_of(descriptor), flags, 0, 1, 0, &place)) return 0;
  const DWORD error = GetLastError();
  return error == ERROR_IO_PENDING ? EWOULDBLOCK : windows::error_number(error);
}

}  // namespace

bool LockedDescriptor::Entry::is(int candidate, FileStatus& found) const {
  return candidate >= 0 && descriptor_status(candidate, found) == 0 && found.is_same_file(status);
}

bool LockedDescriptor::Entry::is(int candidate) const {
  FileStatus found;
  return is(candidate, found);
}

void LockedDescriptor::Entry::close() {
  if (is(number)) CloseHandle(windows::handle_of(number));
  number = -1;
}

LockedDescriptor::LockedDescriptor(int descriptor, bool waits) : entry_(new Entry{descriptor, {}}) {
  error_ = lock(descriptor, waits);
  const int error = descriptor_status(descriptor, entry_->status);
  if (error_ == 0) error_ = error;
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
  OVERLAPPED place = locked_byte();
  if (error_ == 0 && entry_->is(entry_->number))
    UnlockFileEx(windows::handle_of(entry_->number), 0, 1, 0, &place);
  entry_->close();
  delete entry_;
}

int LockedDescriptor::number() const { return entry_->is(entry_->number) ? entry_->number : -1; }

bool LockedDescriptor::examine(FileStatus& found) const { return entry_->is(entry_->number, found); }

int LockedDescriptor::number_or_reopened(const std::string& path) {
  if (const int known = number(); known >= 0) return known;
  entry_->number =
      windows::open_file(path, GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT);
  if (!entry_->is(entry_->number) && entry_->number >= 0)
    CloseHandle(windows::handle_of(std::exchange(entry_->number, -1)));
  return entry_->number;
}

}  // namespace tickertape
