// Listing on POSIX systems; see listing.h. L0.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "base/os/listing.h"

namespace tickertape {
namespace {

struct Close {
  void operator()(DIR* directory) const { closedir(directory); }
};

Listing::Entry entry_of(const dirent& found, int directory) {
  Listing::Entry entry{found.d_name, found.d_type == DT_REG, found.d_type == DT_DIR};
  if (found.d_type != DT_LNK && found.d_type != DT_UNKNOWN) return entry;
  struct stat status;
  const bool is_there = fstatat(directory, found.d_name, &status, 0) == 0;
  entry.is_file = is_there && S_ISREG(status.st_mode);
  entry.is_directory = is_there && S_ISDIR(status.st_mode);
  return entry;
}

}  // namespace

bool list_directory(const std::string& path, Listing& listing) {
  const std::unique_ptr<DIR, Close> directory(opendir(path.c_str()));
  if (directory == nullptr) return false;
  struct stat status;
  const int descriptor = dirfd(directory.get());
  if (fstat(descriptor, &status) != 0) return false;
  listing.device = status.st_dev;
  listing.inode = status.st_ino;
  listing.entries.clear();
  for (;;) {
    errno = 0;
    const dirent* found = readdir(directory.get());  // of a DIR of our own: thread-safe (readdir(3))
    if (found == nullptr) return errno == 0;
    const std::string_view name = found->d_name;
    if (name != "." && name != "..") listing.entries.push_back(entry_of(*found, descriptor));
  }
}

}  // namespace tickertape
