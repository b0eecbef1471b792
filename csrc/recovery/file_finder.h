// Finds and opens the event files that a ring names. L4.
//
// A ring is data from strangers. So a file is opened only below the directory that recovery was asked for,
// without following any link, and only if it is a regular file of this user, is the one that the ring means
// (inode and time of birth), and begins as an event file does. No directory is ever created.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/os/directory.h"

namespace tickertape {

// How far FileFinder looks for a file that is no longer where its ring says.
enum class SearchDepth { kDirectory, kTree };

// An event file, open for reading and appending, and the directory that it was found in.
struct FoundFile {
  Directory directory;
  std::string name;
  File file;
};

// Not thread-safe.
class FileFinder {
 public:
  // `under`: a directory; "" is all. Throws IoError.
  FileFinder(const std::string& under, SearchDepth depth);

  // True if the file is (or was, by its path) below the directory, or has been moved there.
  bool concerns(const FileLocation& location);

  // The file, also if it was renamed in its directory, or moved below `under`; nothing if it is not found,
  // with `why` set.
  std::optional<FoundFile> find(const FileLocation& location, std::string& why);

  // The directory of a file that could not be created in its time; nothing if that is not found, or if it is
  // another directory of the same path.
  std::optional<Directory> find_directory(const FileLocation& location, std::string& why) const;

 private:
  bool is_below(const std::string& path) const;
  Directory directory_of(const std::string& path) const;
  std::optional<FoundFile> find_in(Directory directory, const FileLocation& location, std::string& why) const;
  const std::multimap<std::uint64_t, std::string>& moved();

  std::string under_;  // real path; "/" if everything is concerned
  SearchDepth depth_;
  Directory root_;
  bool is_everything_;
  // Inode to path below under_ of what may be event files; read when first needed.
  std::optional<std::multimap<std::uint64_t, std::string>> moved_;
};

// True for the names that tickertape gives to event files.
bool is_event_file_name(std::string_view name);

}  // namespace tickertape
