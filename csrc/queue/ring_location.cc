// Where a process puts its op ring. L4.
#include "queue/ring_location.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/os/clock.h"
#include "base/os/process.h"

namespace tickertape {
namespace {

constexpr std::string_view kPrefix = "tickertape-";
constexpr const char* kSuffix = ".ring";

// process_start_ticks() of this process, asked for once: where that fails just now (no descriptors, no
// memory), the name of a ring and is_own_ring() must still agree, or this process takes its ring for a dead
// one's.
std::uint64_t own_start_ticks() {
  constexpr unsigned kTickBits = 40;           // 300 years of 100 a second; ids have 22 bits (proc(5))
  static std::atomic<std::uint64_t> known{0};  // id and ticks; relaxed: nothing else hangs on it
  const std::uint64_t pid = process_id();
  std::uint64_t found = known.load(std::memory_order_relaxed);
  if (found >> kTickBits != pid) {
    const std::uint64_t ticks = process_start_ticks(process_id()) & ((std::uint64_t{1} << kTickBits) - 1);
    const std::uint64_t mine = pid << kTickBits | ticks;
    if (known.compare_exchange_strong(found, mine, std::memory_order_relaxed)) found = mine;
  }
  return found & ((std::uint64_t{1} << kTickBits) - 1);
}

// How the names of this process's rings start: process id, its start, and when this program was loaded into
// it, for exec() changes neither of the others. Readers take every file with "tfevents" in its name for an
// event file; so it is not in this one.
std::string own_prefix() {
  static const std::int64_t loaded_ns = monotonic_ns();  // inherited by a forked child, whose id is another
  const std::uint32_t pid = process_id();
  return std::string(kPrefix) + std::to_string(pid) + "-" + std::to_string(own_start_ticks()) + "-" +
         std::to_string(loaded_ns) + "-";
}

std::string ring_file_name() {
  static std::atomic<unsigned> count{0};  // a process may open several in its life; order does not matter
  return own_prefix() + std::to_string(count.fetch_add(1, std::memory_order_relaxed)) + kSuffix;
}

// True where `directory` is a directory of this user that others cannot write to, made now if need be.
bool make_private_directory(const std::string& directory) {
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return false;
  struct stat status;
  if (lstat(directory.c_str(), &status) != 0) return false;
  return S_ISDIR(status.st_mode) && status.st_uid == user_id() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
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

bool try_place(const std::string& directory, std::size_t size, SharedMapping& mapping) {
  try {
    mapping = SharedMapping::create(directory + "/" + ring_file_name(), size);
  } catch (const IoError&) {
    return false;
  }
  if (has_room(mapping)) return true;
  mapping.unlink();
  return false;
}

std::string joined(const std::string& directory, std::string_view name) {
  std::string path = directory;
  if (!path.ends_with('/')) path += '/';
  return path.append(name);
}

// Name and type (readdir(3)) of what lies in `directory`; nothing where it cannot be read. Not
// std::filesystem: where memory is short, the directory iterators of libstdc++ 12 end the process.
template <typename Take>
void for_each_entry(const std::string& directory, Take take) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(directory.c_str()), &closedir);
  if (open == nullptr) return;
  while (const dirent* entry = readdir(open.get())) take(std::string_view(entry->d_name), entry->d_type);
}

}  // namespace

std::string ring_directory() {
  const char* chosen = std::getenv("TICKERTAPE_RING_DIR");
  const std::string directory =
      chosen != nullptr && *chosen != '\0' ? chosen : "/dev/shm/tickertape-" + std::to_string(user_id());
  return make_private_directory(directory) ? directory : std::string();
}

std::vector<std::string> rings_in(const std::string& directory) {
  std::vector<std::string> rings;
  for_each_entry(directory, [&](std::string_view name, unsigned char) {
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) rings.push_back(joined(directory, name));
  });
  return rings;
}

std::vector<std::string> directories_in(const std::string& directory) {
  std::vector<std::string> found;
  for_each_entry(directory, [&](std::string_view name, unsigned char type) {
    if (name == "." || name == "..") return;
    std::string path = joined(directory, name);
    struct stat status;
    const bool is_directory =
        type == DT_UNKNOWN ? lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) : type == DT_DIR;
    if (is_directory) found.push_back(std::move(path));
  });
  return found;
}

bool is_own_ring(const std::string& path) {
  return std::filesystem::path(path).filename().string().starts_with(own_prefix());
}

RingOwner ring_owner(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename();
  if (!name.starts_with(kPrefix)) return {};
  RingOwner owner;
  const char* const end = name.data() + name.size();
  const auto pid = std::from_chars(name.data() + kPrefix.size(), end, owner.process_id);
  if (pid.ec != std::errc{} || pid.ptr == end || *pid.ptr != '-') return {};
  const auto start = std::from_chars(pid.ptr + 1, end, owner.process_start);
  return start.ec == std::errc{} ? owner : RingOwner{};
}

bool is_alive(const RingOwner& owner) {
  if (owner.process_id == 0) return false;
  const std::uint64_t start = process_start_ticks(owner.process_id);
  // A process that could not find out its own start lives while anybody of its id does.
  return start != 0 && (owner.process_start == 0 || owner.process_start == start);
}

SharedMapping place_ring(std::size_t size, const std::string& log_dir, Notices& notices) {
  SharedMapping mapping;
  const std::string preferred = ring_directory();
  if (!preferred.empty() && try_place(preferred, size, mapping)) return mapping;
  if (!log_dir.empty() && try_place(log_dir, size, mapping)) {
    notices.add("no shared memory for the op ring: it lies in '" + log_dir + "', where writes may be slower");
    return mapping;
  }
  notices.add(
      "no shared memory for the op ring, nor room in the log directory: it lies in this process's own "
      "memory, and what "
      "was logged in the last 20 ms is lost if the process is killed");
  return SharedMapping::anonymous(size);
}

}  // namespace tickertape
