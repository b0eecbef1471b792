// Where event files are. L4.
#include "reader/event_files.h"

#include <memory>
#include <utility>

#include "base/error.h"
#include "base/os/listing.h"

namespace tickertape {
namespace {

// A directory that the search is inside of, and those above it.
struct Above {
  std::uint64_t device, inode;
  std::shared_ptr<const Above> above;
};

struct Pending {
  std::string path;
  std::shared_ptr<const Above> above;
};

bool is_above(const Listing& listing, const Above* above) {
  for (; above != nullptr; above = above->above.get()) {
    if (above->device == listing.device && above->inode == listing.inode) return true;
  }
  return false;
}

void remove_suffix(std::string_view& name, std::string_view suffix) {
  if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
}

}  // namespace

bool is_event_file(std::string_view name) {
  // Sources: tensorboard's io_wrapper.py; `.profile-empty` is a file of TensorFlow's profiler without data.
  if (name.find("tfevents") == std::string_view::npos) return false;
  remove_suffix(name, ".gz");
  remove_suffix(name, ".zst");
  return !name.ends_with(".profile-empty");
}

std::vector<EventFolder> find_event_folders(const std::string& top, const SearchLimits& limits) {
  constexpr std::size_t kAskedAfter = 64;  // directories, some 0.3 ms
  std::vector<EventFolder> found;
  std::vector<Pending> pending;
  pending.push_back({top, nullptr});
  std::size_t entries = 0, folders = 0;
  Listing listing;
  while (!pending.empty() && entries <= limits.most_entries && found.size() < limits.most_folders) {
    if (folders++ % kAskedAfter == 0 && limits.is_interrupted && limits.is_interrupted()) throw Interrupted();
    Pending folder = std::move(pending.back());
    pending.pop_back();
    if (!list_directory(folder.path, listing) || is_above(listing, folder.above.get())) continue;
    entries += listing.entries.size();
    const std::shared_ptr<const Above> here(new Above{listing.device, listing.inode, folder.above});
    const std::string front = folder.path.ends_with('/') ? folder.path : folder.path + '/';
    std::vector<std::string> names;
    for (Listing::Entry& entry : listing.entries) {
      if (entry.is_directory) pending.push_back({front + entry.name, here});
      if (entry.is_file && is_event_file(entry.name)) names.push_back(std::move(entry.name));
    }
    if (!names.empty()) found.push_back({std::move(folder.path), std::move(names)});
  }
  return found;
}

}  // namespace tickertape
