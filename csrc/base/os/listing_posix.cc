// Listing on POSIX systems; see listing.h. L0.
#include <dirent.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "base/os/file_status.h"
#include "base/os/listing.h"

namespace tickertape {
namespace {

struct CloseListing {
  void operator()(DIR* directory) const { closedir(directory); }
};

Listing::Entry entry_of(const dirent& found, const std::string& path) {
  Listing::Entry entry{found.d_name, found.d_type == DT_REG, found.d_type == DT_DIR};
  if (found.d_type != DT_LNK && found.d_type != DT_UNKNOWN) return entry;
  FileStatus status;
  const bool is_there = path_status(path + '/' + entry.name, status) == 0;
  entry.is_file = is_there && status.is_regular();
  entry.is_directory = is_there && status.is_directory();
  return entry;
}

}  // namespace

bool list_directory(const std::string& path, Listing& listing) {
  const std::unique_ptr<DIR, CloseListing> directory(opendir(path.c_str()));
  if (directory == nullptr) return false;
  FileStatus status;
  if (descriptor_status(dirfd(directory.get()), status) != 0) return false;
  listing.device = status.device;
  listing.inode = status.inode;
  listing.entries.clear();
  for (;;) {
    errno = 0;
    const dirent* found = readdir(directory.get());  // of a DIR of our own: thread-safe (readdir(3))
    if (found == nullptr) return errno == 0;
    const std::string_view name = found->d_name;
    if (name != "." && name != "..") listing.entries.push_back(entry_of(*found, path));
  }
}

}  // namespace tickertape
