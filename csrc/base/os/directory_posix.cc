// Directory on POSIX systems; see directory.h. L0.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/os/directory.h"
#include "base/os/file_status.h"
#include "base/os/process.h"

namespace tickertape {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr int kFileFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

int open_at(int directory, const std::string& name, int flags, const std::string& path) {
  for (;;) {
    const int descriptor = openat(directory, name.c_str(), flags, 0666);
    if (descriptor >= 0) return descriptor;
    if (errno != EINTR) throw IoError(errno, path, "cannot open");
  }
}

std::string joined(const std::string& directory, std::string_view name) {
  std::string path = directory;
  if (!path.ends_with('/')) path += '/';
  return path.append(name);
}

// An entry's name: one component that leads down.
void check_component(std::string_view name, const std::string& path) {
  const bool is_sound = !name.empty() && name != "." && name != ".." &&
                        name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
  if (!is_sound) throw IoError(EINVAL, path, "cannot open");
}

}  // namespace

Directory::Directory(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

Directory::Directory(const std::string& path)
    : descriptor_(open_at(AT_FDCWD, path, kDirectoryFlags, path)), path_(path) {}

Directory::Directory(Directory&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

Directory& Directory::operator=(Directory&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

Directory::~Directory() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::uint64_t Directory::inode() const {
  FileStatus status;
  if (const int error = descriptor_status(descriptor_, status); error != 0)
    throw IoError(error, path_, "cannot stat");
  return status.inode;
}

Directory Directory::open_below(std::string_view relative) const {
  Directory found(open_at(descriptor_, ".", kDirectoryFlags, path_), path_);
  while (!relative.empty()) {
    const std::string_view name = relative.substr(0, relative.find('/'));
    relative.remove_prefix(std::min(relative.size(), name.size() + 1));
    const std::string path = joined(found.path_, name);
    check_component(name, path);
    const int next = open_at(found.descriptor_, std::string(name), kDirectoryFlags | O_NOFOLLOW, path);
    found = Directory(next, path);
  }
  return found;
}

File Directory::open_file(const std::string& name) const {
  const std::string path = joined(path_, name);
  check_component(name, path);
  File file(open_at(descriptor_, name, kFileFlags, path), path);
  FileStatus status;
  if (const int error = descriptor_status(file.descriptor_, status); error != 0)
    throw IoError(error, path, "cannot stat");
  if (!status.is_regular()) throw IoError(EINVAL, path, "not a regular file:");
  if (status.owner != user_id()) throw IoError(EPERM, path, "a file of another user:");
  return file;
}

File Directory::create_file(const std::string& name) const {
  const std::string path = joined(path_, name);
  check_component(name, path);
  return {open_at(descriptor_, name, kFileFlags | O_CREAT | O_EXCL, path), path};
}

void Directory::remove_file(const std::string& name) const noexcept {
  unlinkat(descriptor_, name.c_str(), 0);
}

// Not std::filesystem: if memory is short, the directory iterators of libstdc++ 12 end the process.
std::vector<Directory::Entry> Directory::entries() const {
  const int copy = open_at(descriptor_, ".", kDirectoryFlags, path_);
  const std::unique_ptr<DIR, int (*)(DIR*)> open(fdopendir(copy), &closedir);
  if (open == nullptr) {
    const int error = errno;
    close(copy);
    throw IoError(error, path_, "cannot read directory");
  }
  std::vector<Entry> all;
  while (const dirent* entry = readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status;  // not dirent's inode: overlayfs may have another one there
    if (fstatat(descriptor_, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    all.push_back({std::string(name), status.st_ino, S_ISDIR(status.st_mode)});
  }
  return all;
}

}  // namespace tickertape
