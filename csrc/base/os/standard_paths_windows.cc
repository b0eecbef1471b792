// standard_paths.h on Windows. L0.
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/os/environment.h"
#include "base/os/process.h"
#include "base/os/standard_paths.h"
#include "base/os/windows_calls.h"

namespace tickertape {
namespace {

std::string with_slashes(std::string path) {
  for (char& letter : path) {
    if (letter == '\\') letter = '/';
  }
  return path;
}

}  // namespace

// Both are the user's own: others may not write there.
std::vector<std::string> shared_directories(const std::string& name) {
  std::vector<std::string> paths;
  if (const std::string local = environment_variable("LOCALAPPDATA"); !local.empty())
    paths.push_back(absolute_path(local) + "/" + name);
  if (const std::string temporary = environment_variable("TEMP"); !temporary.empty())
    paths.push_back(absolute_path(temporary) + "/" + name + "-" + std::to_string(user_id()));
  return paths;
}

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path found = std::filesystem::absolute(windows::wide(path), error);
  std::string text = with_slashes(error ? path : windows::narrow(found.native()));
  while (text.size() > 3 && text.ends_with('/')) text.pop_back();
  return text;
}

std::string canonical_path(const std::string& path) {
  if (path == "/") return path;  // what all drives have in common
  const int descriptor =
      windows::open_file(path, FILE_READ_ATTRIBUTES, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
  if (descriptor < 0) throw IoError(-descriptor, path, "cannot look for event files in");
  std::wstring found(32'768, L'\0');  // the longest path there can be
  const DWORD size = GetFinalPathNameByHandleW(windows::handle_of(descriptor), found.data(),
                                               static_cast<DWORD>(found.size()), FILE_NAME_NORMALIZED);
  CloseHandle(windows::handle_of(descriptor));
  if (size == 0 || size >= found.size()) throw IoError(EIO, path, "cannot look for event files in");
  std::string text = with_slashes(windows::narrow(std::wstring_view(found).substr(0, size)));
  if (text.starts_with("//?/")) text.erase(0, 3);  // "/C:/a"
  while (text.size() > 4 && text.ends_with('/')) text.pop_back();
  return text;
}

int make_private_directory(const std::string& path) noexcept {
  return CreateDirectoryW(windows::wide(path).c_str(), nullptr) ? 0 : windows::error_number();
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  WIN32_FIND_DATAW entry;
  const HANDLE search = FindFirstFileW((windows::wide(directory) + L"\\*").c_str(), &entry);
  if (search == INVALID_HANDLE_VALUE) return names;
  do {
    names.push_back(windows::narrow(entry.cFileName));
  } while (FindNextFileW(search, &entry));
  FindClose(search);
  return names;
}

}  // namespace tickertape
