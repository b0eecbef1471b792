// Memory that outlives its process: a locked file, mapped shared. The op ring lives in one. A port to another
// system rewrites mapping_linux.cc. L0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tickertape {

// A shared mapping of its own file, or anonymous memory if no file can be created. Move-only.
class SharedMapping {
 public:
  SharedMapping() = default;
  SharedMapping(SharedMapping&& other) noexcept;
  SharedMapping& operator=(SharedMapping&& other) noexcept;
  ~SharedMapping();

  // Creates the file `path` with mode 0600, locks it for this process and maps `size` bytes of address space.
  // The memory must not be touched before allocate(). Throws IoError.
  static SharedMapping create(const std::string& path, std::size_t size);
  // Maps private memory of this process. It needs no allocate(): the system allocates each page when it is
  // first touched.
  static SharedMapping anonymous(std::size_t size);

  // Backs bytes [offset, offset + size) with memory, so that touching them cannot raise SIGBUS. Returns false
  // and changes nothing if there is no room.
  bool allocate(std::size_t offset, std::size_t size);
  // Returns the memory of [offset, offset + size) to the system. Its content is lost. Call allocate() before
  // using it again.
  void release(std::size_t offset, std::size_t size);

  // Removes the file's name. The mapping stays usable.
  void unlink();

  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool is_file() const { return descriptor_ >= 0; }
  const std::string& path() const { return path_; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  int descriptor_ = -1;
  std::string path_;
};

}  // namespace tickertape
