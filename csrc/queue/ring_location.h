// Where a process puts its op ring, and where the rings of others may be. L4.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/os/mapping.h"
#include "queue/notices.h"

namespace tickertape {

// A directory for rings.
struct RingDirectory {
  std::string path;
  bool is_there = false;
  std::string problem;  // why it is not used; "" if it may be
};

// The directories in which rings of this user may be, best first: $TICKERTAPE_RING_DIR alone if it is set;
// otherwise tickertape-<uid> in shared memory, tickertape in $XDG_RUNTIME_DIR, and tickertape-<uid> in the
// temporary directory. Never a log directory: what is found among log files may come from anybody. Shared
// memory is first because a ring there costs no disk traffic; the price is that it does not outlive the
// machine or container.
//
// One is used only if it is a directory (no symbolic link) of this user to which nobody else can write.
std::vector<RingDirectory> ring_directories();

// Their paths alone. Reads environment variables, so it is for threads of the user only: the C library does
// not guard getenv() in one thread against setenv() in another (`os.environ[…] = …` in Python).
std::vector<std::string> ring_directory_paths();

// The paths of all files in `directory` that are named like a ring; is_orphaned_ring_name() ones too.
std::vector<std::string> rings_in(const std::string& directory);

// The paths of those that recovery could read in part only.
std::vector<std::string> damaged_rings_in(const std::string& directory);

// Recovery puts this behind the name of such a ring, and does not look at it again.
inline constexpr const char* kDamagedSuffix = ".damaged";

// A ring that a user has been told about carries this behind its name.
inline constexpr const char* kOrphanedSuffix = ".orphaned";
bool is_orphaned_ring_name(const std::string& path);

// Why recovery does not look where the file `ring` is, although its directory could be used when the ring was
// made: the directory is a link by now, or others can write to it. "" if recovery looks there, or if the
// directory cannot be examined. Whose directory it is does not count: a process may change its user.
std::string problem_around(const std::string& ring);

// A fresh mapping of `size` bytes with room for at least the start of a ring, in a file in the first of
// `directories` (ring_directory_paths()) that has room, which is made if need be. Appends to `problems` why
// those before it were not used, each with a semicolon behind it. An empty mapping if none can be used.
SharedMapping place_ring_file(std::size_t size, const std::vector<std::string>& directories,
                              std::string& problems);

// The same; in the memory of this process alone if none can be used. Notes if it is not the first, and why.
SharedMapping place_ring(std::size_t size, const std::vector<std::string>& directories, Notices& notices);

}  // namespace tickertape
