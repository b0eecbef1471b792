// Where a system keeps what belongs to a user and to no program. L0.
#pragma once

#include <string>
#include <vector>

namespace tickertape {

// Directories for files of this user that other processes of the user can find, best first: `name` with the
// user's id in shared memory if the system has that, `name` in the user's run-time directory, and `name`
// with the user's id in the temporary directory. Absolute, without a slash at the end; none need exist. Reads
// environment variables, so it is for threads of the user only: the C library does not guard getenv() in one
// thread against setenv() in another (`os.environ[…] = …` in Python).
std::vector<std::string> shared_directories(const std::string& name);

// `path` as an absolute one without a slash at its end: lstat() would follow a link in front of that.
std::string absolute_path(const std::string& path);

// `path` without symbolic links, absolute, with '/' in front and between its parts ("/C:/logs" on Windows).
// Throws IoError if it is not there.
std::string canonical_path(const std::string& path);

// Makes a directory that only this user can use. 0 or an errno.
int make_private_directory(const std::string& path) noexcept;

// The names in a directory, "." and ".." included, in any order; none if it cannot be read. Throws
// std::bad_alloc.
std::vector<std::string> names_in(const std::string& directory);

}  // namespace tickertape
