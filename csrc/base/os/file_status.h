// What a system says about a file: which one it is, its kind, its size. L0.
#pragma once

#include <cstdint>
#include <string>

namespace tickertape {

struct FileStatus {
  enum class Kind { kRegular, kDirectory, kLink, kFifo, kSocket, kDevice };

  std::uint64_t device = 0, inode = 0;
  Kind kind = Kind::kRegular;
  std::uint64_t size = 0;
  std::uint64_t links = 0;            // number of names; 0: the file was deleted
  std::uint64_t allocated_bytes = 0;  // how much of it is not holes
  std::int64_t modified_ns = 0;       // since the epoch
  std::uint32_t owner = 0;            // a user_id()
  bool is_writable_by_others = false;

  bool is_regular() const { return kind == Kind::kRegular; }
  bool is_directory() const { return kind == Kind::kDirectory; }
  bool is_same_file(const FileStatus& other) const { return device == other.device && inode == other.inode; }
};

// Each returns 0, or an errno and leaves `found` alone. link_status() does not follow a link at the end of
// the path.
int descriptor_status(int descriptor, FileStatus& found) noexcept;
int path_status(const std::string& path, FileStatus& found) noexcept;
int link_status(const std::string& path, FileStatus& found) noexcept;

}  // namespace tickertape
