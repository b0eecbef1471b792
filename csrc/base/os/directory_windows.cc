// Directory on Windows; see directory.h. Names are opened relative to a handle, by the call below
// CreateFileW(), which takes one. The path "/" has every drive as an entry of its own ("C:"). L0.
#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/os/directory.h"
#include "base/os/file_status.h"
#include "base/os/windows_calls.h"

namespace tickertape {
namespace {

constexpr ULONG kCreate = 2;             // FILE_CREATE (wdm.h)
constexpr ULONG kOpen = 1;               // FILE_OPEN
constexpr ULONG kWaits = 0x20;           // FILE_SYNCHRONOUS_IO_NONALERT
constexpr ULONG kIsDirectory = 0x1;      // FILE_DIRECTORY_FILE
constexpr ULONG kIsFile = 0x40;          // FILE_NON_DIRECTORY_FILE
constexpr ULONG kLinkItself = 0x200000;  // FILE_OPEN_REPARSE_POINT
constexpr ACCESS_MASK kReadsAndWrites = GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE;
constexpr ACCESS_MASK kLists = FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES | SYNCHRONIZE;

// Stands for the handle of "/", which there is not.
constexpr int kNoDescriptor = -2;

int open_below_handle(int directory, const std::string& name, ACCESS_MASK access, ULONG disposition,
                      ULONG options, const std::string& path) {
  std::wstring wide = windows::wide(name);
  UNICODE_STRING text{static_cast<USHORT>(wide.size() * sizeof(wchar_t)),
                      static_cast<USHORT>(wide.size() * sizeof(wchar_t)), wide.data()};
  OBJECT_ATTRIBUTES object{};
  object.Length = sizeof object;
  object.RootDirectory = windows::handle_of(directory);
  object.ObjectName = &text;
  object.Attributes = OBJ_CASE_INSENSITIVE;
  HANDLE handle = nullptr;
  IO_STATUS_BLOCK status{};
  const NTSTATUS result = NtCreateFile(&handle, access, &object, &status, nullptr, FILE_ATTRIBUTE_NORMAL,
                                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, disposition,
                                       options | kWaits, nullptr, 0);
  if (result != 0) throw IoError(windows::error_number(RtlNtStatusToDosError(result)), path, "cannot open");
  return windows::descriptor_of(handle);
}

int open_path(const std::string& path) {
  if (path == "/") return kNoDescriptor;
  const int descriptor = windows::open_file(path, kLists, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
  if (descriptor < 0) throw IoError(-descriptor, path, "cannot open");
  FileStatus status;
  if (descriptor_status(descriptor, status) == 0 && status.is_directory()) return descriptor;
  CloseHandle(windows::handle_of(descriptor));
  throw IoError(ENOTDIR, path, "cannot open");
}

std::string joined(const std::string& directory, std::string_view name) {
  std::string path = directory;
  if (!path.ends_with('/')) path += '/';
  return path.append(name);
}

// An entry's name: one component that leads down. ':' would name another stream of a file, or a drive.
void check_component(std::string_view name, const std::string& path) {
  const bool is_sound = !name.empty() && name != "." && name != ".." &&
                        name.find_first_of(std::string_view("/\\:\0", 4)) == std::string_view::npos;
  if (!is_sound) throw IoError(EINVAL, path, "cannot open");
}

bool is_drive(std::string_view name) { return name.size() == 2 && name[1] == ':'; }

}  // namespace

Directory::Directory(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

Directory::Directory(const std::string& path) : descriptor_(open_path(path)), path_(path) {}

Directory::Directory(Directory&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

Directory& Directory::operator=(Directory&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

Directory::~Directory() {
  if (descriptor_ >= 0) CloseHandle(windows::handle_of(descriptor_));
}

std::uint64_t Directory::inode() const {
  FileStatus status;
  if (const int error = descriptor_status(descriptor_, status); error != 0)
    throw IoError(error, path_, "cannot stat");
  return status.inode;
}

Directory Directory::open_below(std::string_view relative) const {
  Directory found(open_path(path_), path_);
  if (descriptor_ >= 0 && found.inode() != inode())
    throw IoError(ENOENT, path_, "another directory is there:");
  while (!relative.empty()) {
    const std::string_view name = relative.substr(0, relative.find('/'));
    relative.remove_prefix(std::min(relative.size(), name.size() + 1));
    const std::string path = joined(found.path_, name);
    if (found.descriptor_ == kNoDescriptor && is_drive(name)) {
      found = Directory(path);
      continue;
    }
    check_component(name, path);
    const int next = open_below_handle(found.descriptor_, std::string(name), kLists, kOpen,
                                       kIsDirectory | kLinkItself, path);
    found = Directory(next, path);
    FileStatus status;
    if (descriptor_status(next, status) != 0 || !status.is_directory())
      throw IoError(ELOOP, path, "cannot open");
  }
  return found;
}

File Directory::open_file(const std::string& name) const {
  const std::string path = joined(path_, name);
  check_component(name, path);
  File file(open_below_handle(descriptor_, name, kReadsAndWrites, kOpen, kIsFile | kLinkItself, path), path);
  FileStatus status;
  if (const int error = descriptor_status(file.descriptor_, status); error != 0)
    throw IoError(error, path, "cannot stat");
  if (status.kind == FileStatus::Kind::kLink) throw IoError(ELOOP, path, "cannot open");
  return file;
}

File Directory::create_file(const std::string& name) const {
  const std::string path = joined(path_, name);
  check_component(name, path);
  return {open_below_handle(descriptor_, name, kReadsAndWrites, kCreate, kIsFile, path), path};
}

void Directory::remove_file(const std::string& name) const noexcept {
  try {
    const std::string path = joined(path_, name);
    check_component(name, path);
    const int file =
        open_below_handle(descriptor_, name, DELETE | SYNCHRONIZE, kOpen, kIsFile | kLinkItself, path);
    FILE_DISPOSITION_INFO removal{TRUE};
    SetFileInformationByHandle(windows::handle_of(file), FileDispositionInfo, &removal, sizeof removal);
    CloseHandle(windows::handle_of(file));
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // It stays.
  }
}

std::vector<Directory::Entry> Directory::entries() const {
  std::vector<Entry> all;
  if (descriptor_ == kNoDescriptor) return all;
  alignas(FILE_ID_BOTH_DIR_INFO) static thread_local unsigned char buffer[std::size_t{64} << 10];
  auto asked = FileIdBothDirectoryRestartInfo;
  while (GetFileInformationByHandleEx(windows::handle_of(descriptor_), asked, buffer, sizeof buffer)) {
    asked = FileIdBothDirectoryInfo;
    for (const unsigned char* at = buffer;;) {
      const auto* entry = reinterpret_cast<const FILE_ID_BOTH_DIR_INFO*>(at);
      std::string name = windows::narrow({entry->FileName, entry->FileNameLength / sizeof(wchar_t)});
      const bool is_link = (entry->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
      const bool is_directory = !is_link && (entry->FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
      if (name != "." && name != "..")
        all.push_back({std::move(name), static_cast<std::uint64_t>(entry->FileId.QuadPart), is_directory});
      if (entry->NextEntryOffset == 0) break;
      at += entry->NextEntryOffset;
    }
  }
  if (const DWORD error = GetLastError(); error != ERROR_NO_MORE_FILES)
    throw IoError(windows::error_number(error), path_, "cannot read directory");
  return all;
}

}  // namespace tickertape
