// What the *_windows.cc files share; see windows_calls.h. L0.
#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/os/windows_calls.h"

namespace tickertape::windows {
namespace {

OVERLAPPED place_of(std::uint64_t offset) {
  OVERLAPPED place{};
  place.Offset = static_cast<DWORD>(offset);
  place.OffsetHigh = static_cast<DWORD>(offset >> 32);
  return place;
}

// ReadFile() and WriteFile() count in 32 bits.
constexpr std::size_t kMaxAtOnce = std::size_t{1} << 30;

}  // namespace

std::wstring wide(std::string_view path) {
  if (path.size() >= 3 && path[0] == '/' && path[2] == ':') path.remove_prefix(1);
  const int size = static_cast<int>(path.size());
  const int length = MultiByteToWideChar(CP_UTF8, 0, path.data(), size, nullptr, 0);
  std::wstring text(static_cast<std::size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, path.data(), size, text.data(), length);
  std::replace(text.begin(), text.end(), L'/', L'\\');
  if (text.size() == 2 && text[1] == L':') text += L'\\';  // "C:" alone would be its current directory
  return text;
}

std::string narrow(std::wstring_view text) {
  const int size = static_cast<int>(text.size());
  const int length = WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
  std::string path(static_cast<std::size_t>(length), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), size, path.data(), length, nullptr, nullptr);
  return path;
}

int error_number(DWORD error) {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_NETPATH:
      return ENOENT;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
      return EEXIST;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
    case ERROR_USER_MAPPED_FILE:
      return EACCES;
    case ERROR_LOCK_VIOLATION:
      return EWOULDBLOCK;
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
      return ENOSPC;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_COMMITMENT_LIMIT:
      return ENOMEM;
    case ERROR_TOO_MANY_OPEN_FILES:
      return EMFILE;
    case ERROR_INVALID_HANDLE:
      return EBADF;
    case ERROR_DIRECTORY:
      return ENOTDIR;
    case ERROR_WRITE_PROTECT:
      return EROFS;
    case ERROR_FILENAME_EXCED_RANGE:
      return ENAMETOOLONG;
    default:
      return EIO;
  }
}

int open_file(const std::string& path, DWORD access, DWORD disposition, DWORD flags) {
  const HANDLE handle =
      CreateFileW(wide(path).c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                  disposition, FILE_ATTRIBUTE_NORMAL | flags, nullptr);
  return handle == INVALID_HANDLE_VALUE ? -error_number() : descriptor_of(handle);
}

std::size_t read_at(int descriptor, std::uint64_t offset, std::uint8_t* to, std::size_t size,
                    const std::string& path, const char* doing) {
  std::size_t done = 0;
  while (done < size) {
    OVERLAPPED place = place_of(offset + done);
    DWORD got = 0;
    const auto piece = static_cast<DWORD>(std::min(size - done, kMaxAtOnce));
    if (!ReadFile(handle_of(descriptor), to + done, piece, &got, &place)) {
      if (GetLastError() == ERROR_HANDLE_EOF) break;
      throw IoError(error_number(), path, doing);
    }
    if (got == 0) break;
    done += got;
  }
  return done;
}

std::int64_t write_some(int descriptor, std::uint64_t offset, Bytes bytes) {
  OVERLAPPED place = place_of(offset);
  DWORD written = 0;
  const auto piece = static_cast<DWORD>(std::min(bytes.size(), kMaxAtOnce));
  if (!WriteFile(handle_of(descriptor), bytes.data(), piece, &written, &place)) return -error_number();
  return written == 0 && !bytes.empty() ? -ENOSPC : std::int64_t{written};
}

int set_size(int descriptor, std::uint64_t size) {
  FILE_END_OF_FILE_INFO end{};
  end.EndOfFile.QuadPart = static_cast<LONGLONG>(size);
  const BOOL is_done = SetFileInformationByHandle(handle_of(descriptor), FileEndOfFileInfo, &end, sizeof end);
  return is_done ? 0 : error_number();
}

std::int64_t nanoseconds(const FILETIME& time) {
  // FILETIME counts 100 ns since 1601; the epoch is 11,644,473,600 s later.
  const std::uint64_t ticks = std::uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime;
  return (static_cast<std::int64_t>(ticks) - 116'444'736'000'000'000) * 100;
}

}  // namespace tickertape::windows
