// Where event files are: their names, and the search of a log directory. L4; bindings/index.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tickertape {

// Whether TensorBoard would take a file of this name for an event file with data.
bool is_event_file(std::string_view name);

// A directory, and the names of the event files in it.
struct EventFolder {
  std::string path;
  std::vector<std::string> names;
};

struct SearchLimits {
  std::size_t most_entries = SIZE_MAX;   // ends once more names than this were looked at
  std::size_t most_folders = SIZE_MAX;   // ends once so many directories with event files were found
  std::function<bool()> is_interrupted;  // true ends the search with Interrupted; asked now and then
};

// The directories with event files at and below `top`, in no order. Symbolic links are followed, but no link
// into a directory above itself. What cannot be read is passed over.
std::vector<EventFolder> find_event_folders(const std::string& top, const SearchLimits& limits);

}  // namespace tickertape
