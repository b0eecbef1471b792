// Finding event files. L4.
#include "recovery/file_finder.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/os/standard_paths.h"
#include "checksum/masked_crc.h"
#include "event/decoder.h"
#include "protobuf/fields.h"
#include "tfrecord/format.h"
#include "tfrecord/record_reader.h"

namespace tickertape {
namespace {

// What a version event can need at most; the longest that tickertape writes has 45 bytes.
constexpr std::uint64_t kMaxVersionBytes = 4096;

// So many files of a tree are looked at for one that was moved.
constexpr std::size_t kMaxMoved = 1'000'000;

std::string_view directory_part(std::string_view path) { return path.substr(0, path.rfind('/')); }
std::string_view name_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Readers take every file with "tfevents" in its name for an event file; a user may have renamed it to any.
bool may_be_event_file(std::string_view name) { return name.find("tfevents") != std::string_view::npos; }

// True if the file's first record is a version event.
bool begins_as_event_file(const File& file) {
  using namespace record_format;
  std::vector<std::uint8_t> bytes(kMaxVersionBytes + kOverheadBytes);
  const std::size_t got = file.read_at(0, bytes.data(), bytes.size());
  if (got < kOverheadBytes) return false;
  const std::optional<std::uint64_t> length = record_length(bytes.data());
  if (!length || *length > got - kOverheadBytes) return false;
  const Bytes data{bytes.data() + kHeaderBytes, static_cast<std::size_t>(*length)};
  std::uint32_t crc = 0;
  for (std::size_t i = 0; i < kCrcBytes; ++i)
    crc |= std::uint32_t{bytes[kHeaderBytes + data.size() + i]} << 8 * i;
  if (MaskedCrc::of(data) != MaskedCrc::stored(crc)) return false;
  try {
    const EventView event = decode_event(data);
    return event.what == protobuf::event_field::kFileVersion &&
           as_text(event.content.bytes()).starts_with("brain.Event:");
  } catch (const DataError&) {
    return false;
  }
}

bool is_same(const FileLocation& wanted, const File& file) {
  const FileLocation found = file.location();
  return found.inode == wanted.inode &&
         (found.birth_ns == 0 || wanted.birth_ns == 0 || found.birth_ns == wanted.birth_ns);
}

}  // namespace

bool is_event_file_name(std::string_view name) {
  constexpr std::string_view kStart = "events.out.tfevents.";
  return name.starts_with(kStart) && name.size() > kStart.size();
}

FileFinder::FileFinder(const std::string& under, SearchDepth depth)
    : under_(canonical_path(under.empty() ? "/" : under)),
      depth_(depth),
      root_(under_),
      is_everything_(under.empty()) {}

bool FileFinder::is_below(const std::string& path) const {
  return under_ == "/" ||
         (path.starts_with(under_) && path.size() > under_.size() && path[under_.size()] == '/');
}

bool FileFinder::concerns(const FileLocation& location) {
  return is_below(location.path) || (location.inode != 0 && moved().contains(location.inode));
}

Directory FileFinder::directory_of(const std::string& path) const {
  std::string_view relative = directory_part(path);
  relative.remove_prefix(std::min(relative.size(), under_ == "/" ? std::size_t{1} : under_.size()));
  while (relative.starts_with('/')) relative.remove_prefix(1);
  return root_.open_below(relative);
}

std::optional<FoundFile> FileFinder::find(const FileLocation& location, std::string& why) {
  why = "it is not there";
  std::optional<FoundFile> found;
  if (is_below(location.path)) {
    try {
      found = find_in(directory_of(location.path), location, why);
    } catch (const IoError& error) {
      why = error.error_number() == ENOENT ? "it is not there" : error.what();
    }
  }
  const auto [first, last] =
      found ? std::pair(moved().end(), moved().end()) : moved().equal_range(location.inode);
  for (auto candidate = first; candidate != last && !found; ++candidate) {
    try {
      const std::string& path = candidate->second;
      const std::size_t slash = path.rfind('/');
      FileLocation there = location;
      there.path = "/" + std::string(name_part(path));
      found = find_in(root_.open_below(slash == std::string::npos ? "" : path.substr(0, slash)), there, why);
    } catch (const IoError&) {  // NOLINT(bugprone-empty-catch)
      // It was moved once more; `why` is what holds for the place that the ring names.
    }
  }
  return found;
}

// In the directory: by its name, else by its inode.
std::optional<FoundFile> FileFinder::find_in(Directory directory, const FileLocation& location,
                                             std::string& why) const {
  const auto try_name = [&](const std::string& name) -> std::optional<FoundFile> {
    try {
      File file = directory.open_file(name);
      if (!is_same(location, file)) {
        why = "another file has its name";
      } else if (!begins_as_event_file(file)) {
        why =
            file.size() == 0 ? "it is empty; somebody cut it off" : "it does not begin as an event file does";
      } else {
        return FoundFile{std::move(directory), name, std::move(file)};
      }
    } catch (const IoError& error) {
      why = error.error_number() == ENOENT ? "it is not there" : error.what();
    }
    return std::nullopt;
  };
  const std::string own_name(name_part(location.path));
  if (auto found = try_name(own_name)) return found;
  const std::string reason = why;
  for (const Directory::Entry& entry : directory.entries()) {
    if (entry.inode != location.inode || entry.name == own_name || !may_be_event_file(entry.name)) continue;
    if (auto found = try_name(entry.name)) return found;
  }
  why = reason;
  return std::nullopt;
}

std::optional<Directory> FileFinder::find_directory(const FileLocation& location, std::string& why) const {
  why = "its directory is not there";
  if (!is_below(location.path) || location.directory_inode == 0) return std::nullopt;
  try {
    Directory directory = directory_of(location.path);
    if (directory.inode() == location.directory_inode) return directory;
    why = "another directory has the name of its own";
  } catch (const IoError& error) {
    why = error.what();
  }
  return std::nullopt;
}

const std::multimap<std::uint64_t, std::string>& FileFinder::moved() {
  if (moved_) return *moved_;
  moved_.emplace();
  if (is_everything_) return *moved_;  // nobody wants every disk to be read
  std::vector<std::string> directories{""};
  while (!directories.empty() && moved_->size() < kMaxMoved) {
    const std::string relative = std::move(directories.back());
    directories.pop_back();
    const std::string prefix = relative.empty() ? "" : relative + "/";
    try {
      for (Directory::Entry& entry : root_.open_below(relative).entries()) {
        if (entry.is_directory && depth_ == SearchDepth::kTree) {
          directories.push_back(prefix + entry.name);
        } else if (!entry.is_directory && may_be_event_file(entry.name)) {
          moved_->emplace(entry.inode, prefix + entry.name);
        }
      }
    } catch (const IoError&) {  // NOLINT(bugprone-empty-catch)
      // A directory that cannot be read holds nothing for us.
    }
  }
  return *moved_;
}

}  // namespace tickertape
