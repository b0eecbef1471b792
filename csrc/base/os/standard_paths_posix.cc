// standard_paths.h on POSIX systems. L0.
#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/error.h"
#include "base/os/environment.h"
#include "base/os/posix_files.h"
#include "base/os/process.h"
#include "base/os/standard_paths.h"

namespace tickertape {
std::vector<std::string> shared_directories(const std::string& name) {
  const std::string of_user = "/" + name + "-" + std::to_string(user_id());
  std::vector<std::string> paths;
  if (const char* memory = posix::shared_memory_directory()) paths.push_back(memory + of_user);
  if (const std::string run = environment_variable("XDG_RUNTIME_DIR"); run.starts_with('/'))
    paths.push_back(absolute_path(run) + "/" + name);
  const std::string temporary = environment_variable("TMPDIR");
  paths.push_back(absolute_path(temporary.starts_with('/') ? temporary : "/tmp") + of_user);
  return paths;
}

std::string absolute_path(const std::string& path) {
  std::error_code error;
  std::string text = std::filesystem::absolute(path, error);
  if (error) text = path;
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

std::string canonical_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) throw IoError(errno, path, "cannot look for event files in");
  return real.get();
}

int make_private_directory(const std::string& path) noexcept {
  return mkdir(path.c_str(), 0700) == 0 ? 0 : errno;
}

// Not std::filesystem: if memory is short, the directory iterators of libstdc++ 12 end the process.
std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(directory.c_str()), &closedir);
  if (open == nullptr) return names;
  while (const dirent* entry = readdir(open.get())) names.emplace_back(entry->d_name);
  return names;
}

}  // namespace tickertape
