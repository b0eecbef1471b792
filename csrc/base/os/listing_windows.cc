// Listing on Windows; see listing.h. L0.
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/os/file_status.h"
#include "base/os/listing.h"
#include "base/os/windows_calls.h"

namespace tickertape {

bool list_directory(const std::string& path, Listing& listing) {
  FileStatus status;
  if (path_status(path, status) != 0 || !status.is_directory()) return false;
  listing.device = status.device;
  listing.inode = status.inode;
  listing.entries.clear();
  std::error_code error;
  std::filesystem::directory_iterator at(std::filesystem::path(windows::wide(path)), error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    Listing::Entry entry{windows::narrow(at->path().filename().wstring()), false, false};
    if (path_status(path + '/' + entry.name, status) == 0) {
      entry.is_file = status.is_regular();
      entry.is_directory = status.is_directory();
    }
    listing.entries.push_back(std::move(entry));
  }
  return !error;
}

}  // namespace tickertape
