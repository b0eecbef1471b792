// SharedMapping on Windows; see mapping.h. What is stored in a view stays in the file if the process is
// terminated. A file that is mapped can be neither cut off nor, on most versions, deleted. L0.
#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/os/file_status.h"
#include "base/os/mapping.h"
#include "base/os/windows_calls.h"

namespace tickertape {
namespace {

std::uint8_t* map(int descriptor, std::size_t size) {
  const HANDLE section =
      CreateFileMappingW(windows::handle_of(descriptor), nullptr, PAGE_READWRITE,
                         static_cast<DWORD>(std::uint64_t{size} >> 32), static_cast<DWORD>(size), nullptr);
  if (section == nullptr) return nullptr;
  void* address = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, size);
  CloseHandle(section);  // the view keeps it
  return static_cast<std::uint8_t*>(address);
}

// A hole of the whole size, on file systems that have holes.
int prepare_to_map(int descriptor, std::size_t size) {
  DWORD unused = 0;
  DeviceIoControl(windows::handle_of(descriptor), FSCTL_SET_SPARSE, nullptr, 0, nullptr, 0, &unused, nullptr);
  return windows::set_size(descriptor, size);
}

}  // namespace

SharedMapping::SharedMapping(SharedMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      guard_(std::exchange(other.guard_, nullptr)),
      file_(std::move(other.file_)),
      path_(std::exchange(other.path_, {})) {}

SharedMapping& SharedMapping::operator=(SharedMapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(guard_, other.guard_);
  std::swap(file_, other.file_);
  std::swap(path_, other.path_);
  return *this;
}

SharedMapping::~SharedMapping() {
  if (guard_ != nullptr) guard_->release();
  if (data_ == nullptr) return;
  if (is_file()) {
    UnmapViewOfFile(data_);
  } else {
    VirtualFree(data_, 0, MEM_RELEASE);
  }
}

SharedMapping SharedMapping::create(const std::string& path, std::size_t size) {
  const int descriptor = windows::open_file(path, GENERIC_READ | GENERIC_WRITE, CREATE_NEW, 0);
  if (descriptor < 0) throw IoError(-descriptor, path, "cannot create op ring");
  SharedMapping mapping;
  mapping.file_ = LockedDescriptor(descriptor, /*waits=*/true);
  int error = mapping.file_.error();
  if (error == 0 && mapping.file_.status().links == 0) error = EAGAIN;
  if (error == 0) error = prepare_to_map(descriptor, size);
  if (error == 0) mapping.data_ = map(descriptor, size);
  if (error == 0 && mapping.data_ == nullptr) error = windows::error_number();
  if (error != 0) {
    if (error != EAGAIN) DeleteFileW(windows::wide(path).c_str());
    throw IoError(error, path, "cannot lock or map op ring");
  }
  mapping.size_ = size;
  mapping.path_ = path;
  mapping.guard_ = MappingGuard::watch(mapping.data_, size);
  return mapping;
}

SharedMapping SharedMapping::anonymous(std::size_t size) {
  SharedMapping mapping;
  mapping.data_ = static_cast<std::uint8_t*>(VirtualAlloc(nullptr, size, MEM_RESERVE, PAGE_READWRITE));
  if (mapping.data_ == nullptr) throw IoError(ENOMEM, "anonymous memory", "cannot map op ring");
  mapping.size_ = size;
  return mapping;
}

bool SharedMapping::allocate(std::size_t offset, std::size_t size) {
  if (!is_file())
    return offset + size <= size_ &&
           VirtualAlloc(data_ + offset, size, MEM_COMMIT, PAGE_READWRITE) != nullptr;
  static constexpr std::array<std::uint8_t, std::size_t{64} << 10> kZeros{};
  const int descriptor = file_.number_or_reopened(path_);
  for (std::size_t done = 0; done < size;) {
    const Bytes piece(kZeros.data(), std::min(size - done, kZeros.size()));
    const std::int64_t written = descriptor < 0 ? -1 : windows::write_some(descriptor, offset + done, piece);
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

void SharedMapping::release(std::size_t offset, std::size_t size) {
  if (!is_file()) {
    VirtualFree(data_ + offset, size, MEM_DECOMMIT);
    return;
  }
  const int descriptor = file_.number_or_reopened(path_);
  if (descriptor < 0) return;
  FILE_ZERO_DATA_INFORMATION range{};
  range.FileOffset.QuadPart = static_cast<LONGLONG>(offset);
  range.BeyondFinalZero.QuadPart = static_cast<LONGLONG>(offset + size);
  DWORD unused = 0;  // a refusal costs disk space only
  DeviceIoControl(windows::handle_of(descriptor), FSCTL_SET_ZERO_DATA, &range, sizeof range, nullptr, 0,
                  &unused, nullptr);
}

bool SharedMapping::is_in_place() const noexcept {
  if (!is_file()) return true;
  FileStatus found;
  if (const int error = link_status(path_, found); error != 0) return error != ENOENT && error != ENOTDIR;
  return found.is_same_file(file_.status());
}

// There is no way to exchange a view in one step.
bool SharedMapping::replace_file(SharedMapping& /*fresh*/) noexcept { return false; }

bool SharedMapping::find_cut(std::size_t /*needed*/) noexcept { return false; }
bool SharedMapping::is_shorter_than(std::size_t /*needed*/) noexcept { return false; }

void SharedMapping::empty_file() noexcept {
  if (!is_file() || data_ != nullptr) return;
  if (const int descriptor = file_.number(); descriptor >= 0) windows::set_size(descriptor, 0);
}

// A ring that cannot be deleted while it is mapped is empty by now; the next recovery removes it.
void SharedMapping::unlink() {
  if (is_file()) DeleteFileW(windows::wide(path_).c_str());
}

}  // namespace tickertape
