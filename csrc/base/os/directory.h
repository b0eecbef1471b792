// A directory by its descriptor, for names from untrusted files: never follows a symbolic link or ".." below
// it. A port to another system rewrites directory_posix.cc. L0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/file.h"

namespace tickertape {

// An open directory, closed by the destructor. Move-only. A failure throws IoError with errno and path.
class Directory {
 public:
  // Opens a path that the user gave: links are followed.
  explicit Directory(const std::string& path);
  Directory(Directory&& other) noexcept;
  Directory& operator=(Directory&& other) noexcept;
  ~Directory();

  const std::string& path() const { return path_; }
  std::uint64_t inode() const;

  // The directory `relative` below this one ("" is this one). Throws ELOOP or ENOTDIR for a symbolic link in
  // it, EINVAL for "." and "..".
  Directory open_below(std::string_view relative) const;

  // Opens the file `name` for reading and appending, without waiting for anything. Throws ELOOP for a
  // symbolic link, EINVAL for what is not a regular file, EPERM for a file of another user.
  File open_file(const std::string& name) const;
  // Creates the file `name` and opens it for reading and appending. Throws EEXIST.
  File create_file(const std::string& name) const;
  // Removes the name of a file. Never throws.
  void remove_file(const std::string& name) const noexcept;

  // Its entries except "." and "..": name, inode, and whether it is a directory (a link to one is not).
  struct Entry {
    std::string name;
    std::uint64_t inode;
    bool is_directory;
  };
  std::vector<Entry> entries() const;

 private:
  Directory(int descriptor, std::string path);
  int descriptor_ = -1;
  std::string path_;
};

}  // namespace tickertape
