// Memory that outlives its process: a locked file, mapped as shared, that grows in pieces. One of the small
// files that a port to another system rewrites. L0.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/os/file_lock.h"
#include "base/os/mapping_guard.h"

namespace tickertape {

// A shared mapping of a new file, or of anonymous memory if no file can be created. Move-only.
//
// A forked child gets neither the mapping nor the file: it must not keep the lock when its parent is dead.
class SharedMapping {
 public:
  SharedMapping() = default;
  SharedMapping(SharedMapping&& other) noexcept;
  SharedMapping& operator=(SharedMapping&& other) noexcept;
  ~SharedMapping();

  // Creates the file `path` (readable by its owner alone), locks it and maps `size` bytes of address space on
  // it. Nothing may be touched before allocate(). Throws IoError; EEXIST if the name is taken, EAGAIN if
  // somebody removed the file before it was locked.
  static SharedMapping create(const std::string& path, std::size_t size);
  // Memory of this process alone, all of it allocated on first touch.
  static SharedMapping anonymous(std::size_t size);

  // Backs bytes [offset, offset + size) with real memory, so that touching them can never raise SIGBUS.
  // Returns false if there is no room; then nothing has changed.
  bool allocate(std::size_t offset, std::size_t size);
  // Gives the memory of [offset, offset + size) back; its content is lost and it must be allocated again.
  void release(std::size_t offset, std::size_t size);

  // False if the file's path no longer leads to it: somebody deleted or renamed it. True without a file.
  bool is_in_place() const noexcept;

  // Puts the file of `fresh`, which has the same size, at the address of this mapping; `fresh` gets the old
  // file and no memory. Nobody may store to either meanwhile. Returns false if that fails; then nothing has
  // changed.
  bool replace_file(SharedMapping& fresh) noexcept;

  // --- If somebody cuts the file off (MappingGuard), what is behind its end becomes zeros in memory of this
  // process alone, until replace_file()

  std::uint32_t cuts_begun() const { return guard_ == nullptr ? 0 : guard_->cuts_begun(); }
  std::uint32_t cuts() const { return guard_ == nullptr ? 0 : guard_->cuts(); }
  bool is_cut() const { return guard_ != nullptr && guard_->is_cut(); }
  void set_alarm(std::atomic<std::uint64_t>* alarm) {
    if (guard_ != nullptr) guard_->set_alarm(alarm);
  }
  // Has faults in all mappings of the process answered again if the program has replaced our handler of
  // SIGBUS. One system call. Throws std::bad_alloc.
  static void keep_handler() { MappingGuard::keep_handler(); }
  // True if the file has become shorter than its first `needed` bytes: what is behind its end counts as cut
  // off from here on. One system call.
  bool find_cut(std::size_t needed) noexcept;
  // True if the file has less than `needed` bytes; changes nothing.
  bool is_shorter_than(std::size_t needed) noexcept;
  // The caller has found zeros that it did not store: everything counts as cut off.
  void note_cut() noexcept {
    if (guard_ != nullptr) guard_->cut(0);
  }

  // Makes the file empty, so that recovery does not read it as a ring. Nothing may be mapped to it.
  void empty_file() noexcept;

  // Removes the file's name; the mapping stays.
  void unlink();

  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool is_file() const { return !path_.empty(); }
  const std::string& path() const { return path_; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  MappingGuard* guard_ = nullptr;  // of a file's mapping
  LockedDescriptor file_;
  std::string path_;
};

}  // namespace tickertape
