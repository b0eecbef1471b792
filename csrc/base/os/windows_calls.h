// What the *_windows.cc files share. A "descriptor" of the core is a HANDLE: Windows promises that its lower
// 32 bits are enough. L0, private to the *_windows.cc files of base/os/.
#pragma once

#define WIN32_LEAN_AND_MEAN
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#include <windows.h>
// After windows.h, which they need.
#include <winioctl.h>
#include <winternl.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace tickertape::windows {

// A path of the core (UTF-8, '/') for Windows. "/C:/a", as canonical_path() has it, becomes "C:/a".
std::wstring wide(std::string_view path);
std::string narrow(std::wstring_view text);

// The errno for an error of Windows.
int error_number(DWORD error = GetLastError());

inline HANDLE handle_of(int descriptor) {
  return reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(descriptor));
}
inline int descriptor_of(HANDLE handle) { return static_cast<int>(reinterpret_cast<std::intptr_t>(handle)); }

// Opens a file that others may read, write and delete meanwhile. Returns its descriptor, or -errno. A
// symbolic link is opened as such if `flags` has FILE_FLAG_OPEN_REPARSE_POINT.
int open_file(const std::string& path, DWORD access, DWORD disposition, DWORD flags);

// Reads or writes at a place; throws IoError, which says what was done in `doing`.
std::size_t read_at(int descriptor, std::uint64_t offset, std::uint8_t* to, std::size_t size,
                    const std::string& path, const char* doing);
// Returns the number of bytes, or -errno. kAtEnd as offset appends.
inline constexpr std::uint64_t kAtEnd = ~std::uint64_t{0};
std::int64_t write_some(int descriptor, std::uint64_t offset, Bytes bytes);

// 0 or an errno.
int set_size(int descriptor, std::uint64_t size);

// Nanoseconds since the epoch.
std::int64_t nanoseconds(const FILETIME& time);

}  // namespace tickertape::windows
