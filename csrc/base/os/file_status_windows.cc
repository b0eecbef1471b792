// FileStatus on Windows; see file_status.h. Who may write to a file is not examined: rings are in the user's
// own profile. L0.
#include "base/os/file_status.h"
#include "base/os/process.h"
#include "base/os/windows_calls.h"

namespace tickertape {
namespace {

FileStatus::Kind kind_of(DWORD attributes) {
  if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) return FileStatus::Kind::kLink;
  if ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) return FileStatus::Kind::kDirectory;
  return FileStatus::Kind::kRegular;
}

int status_at(const std::string& path, DWORD flags, FileStatus& found) {
  const int descriptor =
      windows::open_file(path, FILE_READ_ATTRIBUTES, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | flags);
  if (descriptor < 0) return -descriptor;
  const int error = descriptor_status(descriptor, found);
  CloseHandle(windows::handle_of(descriptor));
  return error;
}

}  // namespace

int descriptor_status(int descriptor, FileStatus& found) noexcept {
  const HANDLE handle = windows::handle_of(descriptor);
  BY_HANDLE_FILE_INFORMATION status;
  if (!GetFileInformationByHandle(handle, &status)) return windows::error_number();
  found.device = status.dwVolumeSerialNumber;
  found.inode = std::uint64_t{status.nFileIndexHigh} << 32 | status.nFileIndexLow;
  found.kind = kind_of(status.dwFileAttributes);
  found.size = std::uint64_t{status.nFileSizeHigh} << 32 | status.nFileSizeLow;
  found.links = status.nNumberOfLinks;
  found.modified_ns = windows::nanoseconds(status.ftLastWriteTime);
  found.owner = user_id();
  FILE_STANDARD_INFO sizes;
  found.allocated_bytes = found.size;
  if (GetFileInformationByHandleEx(handle, FileStandardInfo, &sizes, sizeof sizes)) {
    found.allocated_bytes = static_cast<std::uint64_t>(sizes.AllocationSize.QuadPart);
    if (sizes.DeletePending) found.links = 0;
  }
  return 0;
}

int path_status(const std::string& path, FileStatus& found) noexcept { return status_at(path, 0, found); }

int link_status(const std::string& path, FileStatus& found) noexcept {
  return status_at(path, FILE_FLAG_OPEN_REPARSE_POINT, found);
}

}  // namespace tickertape
