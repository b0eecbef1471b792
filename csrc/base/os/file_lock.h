// A descriptor of a locked file whose lock belongs to the open file, not to the process. One of the small
// files that a port to another system rewrites. L0, private to base/os/.
#pragma once

#include <string>

#include "base/os/file_status.h"

namespace tickertape {

// Owns a descriptor and the lock on its file. The lock ends when the last descriptor and (not on macOS) the
// last mapping of the open file go: at the end of the process and at exec().
// Unlike a POSIX record lock it does not end when the process closes another descriptor of the same file, and
// it holds against other threads of the process. A forked child inherits it, so the child closes its copy at
// once.
//
// A program may close descriptors that are not its own, as daemons do, and the number may then belong to
// another file; so every use compares device and inode.
class LockedDescriptor {
 public:
  LockedDescriptor() = default;
  // Owns `descriptor` from now on, also if locking fails. Waits for the lock if `waits`. error() has the
  // result.
  LockedDescriptor(int descriptor, bool waits);
  LockedDescriptor(LockedDescriptor&& other) noexcept;
  LockedDescriptor& operator=(LockedDescriptor&& other) noexcept;
  ~LockedDescriptor();

  // 0 if the file is locked; otherwise an errno: EWOULDBLOCK if somebody else holds the lock.
  int error() const { return error_; }
  // The file's status when it was locked.
  const FileStatus& status() const { return entry_->status; }

  // The descriptor; -1 in a forked child, and if somebody closed it.
  int number() const;
  // The file's status now; false if somebody closed the descriptor.
  bool examine(FileStatus& found) const;
  // As number(); opens the file `path` again if it still is the same one.
  int number_or_reopened(const std::string& path);

 private:
  struct Entry {
    int number;
    FileStatus status;
    bool is(int candidate) const;
    bool is(int candidate, FileStatus& found) const;
    void close();
  };
  struct Registry;
  Entry* entry_ = nullptr;  // owned
  int error_ = 0;
};

}  // namespace tickertape
