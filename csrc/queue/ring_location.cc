// Where a process puts its op ring. L4.
#include "queue/ring_location.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/os/clock.h"
#include "base/os/environment.h"
#include "base/os/file_status.h"
#include "base/os/process.h"
#include "base/os/standard_paths.h"

namespace tickertape {
namespace {

constexpr std::string_view kPrefix = "tickertape-";
constexpr std::string_view kSuffix = ".ring";

std::string message_of(int error_number) { return std::generic_category().message(error_number); }

// What is wrong with a directory for rings of `owner`; "" if nothing is. Nothing that it advises removes
// rings.
std::string problem_of(const std::string& path, const FileStatus& status, unsigned owner) {
  std::string why;
  if (status.kind == FileStatus::Kind::kLink) {
    why = "it is a symbolic link; remove the link";
  } else if (!status.is_directory()) {
    why = "it is not a directory; rename it";
  } else if (status.owner != owner) {
    why = "it belongs to user " + std::to_string(status.owner) + "; remove it";
  } else if (status.is_writable_by_others) {
    why = "others can write to it; run `chmod 700 '" + path + "'`";
  }
  if (why.empty()) return why;
  return "'" + path + "' cannot hold op rings: " + why +
         ", or set TICKERTAPE_RING_DIR to a directory of yours with mode 0700";
}

RingDirectory examine(std::string path) {
  RingDirectory directory{std::move(path), false, {}};
  FileStatus status;
  if (const int error = link_status(directory.path, status); error == 0) {
    directory.is_there = true;
    directory.problem = problem_of(directory.path, status, user_id());
  } else if (error != ENOENT) {
    directory.problem = "cannot use '" + directory.path + "' for op rings: " + message_of(error);
  }
  return directory;
}

// The same, and makes the directory if it is not there.
RingDirectory prepare(const std::string& path) {
  const int error = make_private_directory(path);
  RingDirectory directory = examine(path);
  if (!directory.is_there && directory.problem.empty())
    directory.problem = "cannot make '" + path + "' for op rings: " + message_of(error);
  return directory;
}

// The name says which process has made the ring, for people; nothing depends on it. Readers take every file
// with "tfevents" in its name for an event file; so it is not in this one.
std::string ring_file_name() {
  static std::atomic<unsigned> count{0};  // relaxed: any order will do
  return std::string(kPrefix) + std::to_string(process_id()) + "-" + std::to_string(monotonic_ns()) + "-" +
         std::to_string(count.fetch_add(1, std::memory_order_relaxed)) + std::string(kSuffix);
}

// The smallest ring that is of use: its header, its first slots and its first megabyte. They lie apart, so
// the end of the file is tried, too: its size may be limited (RLIMIT_FSIZE).
bool has_room(SharedMapping& mapping) {
  constexpr std::size_t kLeast = std::size_t{2} << 20;
  constexpr std::size_t kPage = 4096;
  const std::size_t last = mapping.size() - kPage;
  if (!mapping.allocate(0, kLeast)) return false;
  const bool can_grow = mapping.allocate(last, kPage);
  mapping.release(0, kLeast);
  if (can_grow) mapping.release(last, kPage);
  return can_grow;
}

// A ring file of `size` bytes in `directory`; "" or why there is none.
std::string try_place(const std::string& directory, std::size_t size, SharedMapping& mapping) {
  for (;;) {
    try {
      mapping = SharedMapping::create(directory + "/" + ring_file_name(), size);
      break;
    } catch (const IoError& error) {
      // EAGAIN: somebody took it for an old one and removed it before it was locked.
      if (error.error_number() != EEXIST && error.error_number() != EAGAIN) return error.what();
    }
  }
  if (has_room(mapping)) return {};
  mapping.unlink();
  return "no room for an op ring in '" + directory + "'";
}

std::string joined(const std::string& directory, std::string_view name) {
  std::string path = directory;
  if (!path.ends_with('/')) path += '/';
  return path.append(name);
}

// `name` without `suffix`; false if it does not end so.
bool drop(std::string_view& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return false;
  name.remove_suffix(suffix.size());
  return true;
}

}  // namespace

std::vector<std::string> ring_directory_paths() {
  if (const std::string chosen = environment_variable("TICKERTAPE_RING_DIR"); !chosen.empty())
    return {absolute_path(chosen)};
  return shared_directories("tickertape");
}

std::vector<RingDirectory> ring_directories() {
  std::vector<RingDirectory> all;
  for (std::string& path : ring_directory_paths()) all.push_back(examine(std::move(path)));
  return all;
}

bool is_orphaned_ring_name(const std::string& path) { return path.ends_with(kOrphanedSuffix); }

namespace {

std::vector<std::string> list_rings(const std::string& directory, bool wants_damaged) {
  std::vector<std::string> rings;
  for (const std::string& whole : names_in(directory)) {
    std::string_view name = whole;
    if (drop(name, kDamagedSuffix) != wants_damaged) continue;
    drop(name, kOrphanedSuffix);
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) rings.push_back(joined(directory, whole));
  }
  return rings;
}

}  // namespace

std::vector<std::string> rings_in(const std::string& directory) { return list_rings(directory, false); }

std::vector<std::string> damaged_rings_in(const std::string& directory) {
  return list_rings(directory, true);
}

std::string problem_around(const std::string& ring) {
  const std::string directory = ring.substr(0, ring.rfind('/'));
  FileStatus status;
  if (link_status(directory, status) != 0) return {};
  return problem_of(directory, status, status.owner);
}

SharedMapping place_ring_file(std::size_t size, const std::vector<std::string>& directories,
                              std::string& problems) {
  SharedMapping mapping;
  for (const std::string& path : directories) {
    std::string problem = prepare(path).problem;
    if (problem.empty()) problem = try_place(path, size, mapping);
    if (problem.empty()) return mapping;
    problems += problem + "; ";
  }
  return {};
}

SharedMapping place_ring(std::size_t size, const std::vector<std::string>& directories, Notices& notices) {
  std::string problems;
  SharedMapping mapping = place_ring_file(size, directories, problems);
  if (mapping.is_file()) {
    if (!problems.empty())
      notices.add(problems + "the op ring is in '" + mapping.path().substr(0, mapping.path().rfind('/')) +
                  "', where writes may be slower");
    return mapping;
  }
  notices.add(problems +
              "the op ring is in this process's own memory, and what was logged in the last 20 ms is lost if "
              "the process is killed");
  return SharedMapping::anonymous(size);
}

}  // namespace tickertape
