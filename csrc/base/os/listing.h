// The files and directories in a directory, as a user sees them: links are followed. For what may not leave a
// directory see directory.h. A port to another system rewrites listing_posix.cc. L0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tickertape {

struct Listing {
  struct Entry {
    std::string name;
    bool is_file,
        is_directory;  // also if it is a link to one; neither if it is something else, or a broken link
  };
  std::uint64_t device = 0, inode = 0;  // of the directory
  std::vector<Entry> entries;           // but "." and "..", in the order of the system
};

// Lists the directory at `path`. False if it cannot be read.
bool list_directory(const std::string& path, Listing& listing);

}  // namespace tickertape
