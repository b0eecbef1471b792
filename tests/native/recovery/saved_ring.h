// A ring and its event file as a dead process left them, kept in memory, so that a test can damage and
// restore them as often as it likes.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "queue/ring_layout.h"
#include "recovery/orphaned_rings.h"
#include "tfrecord/record_reader.h"

namespace tickertape::test {

inline std::uint64_t count_records(const std::string& path, std::uint64_t& damaged) {
  RecordReader reader(path);
  std::uint64_t count = 0;
  for (Bytes record; reader.next(record);) ++count;
  damaged = reader.damage().size();
  return count;
}

// A ring with ops in it, and its event file; put_back() restores both.
class Original {
 public:
  explicit Original(std::uint64_t bytes_in_file = 100) {
    leave_behind(scene, log_first, log_held, bytes_in_file);
    ring = scene.ring();
    file = scene.file();
    file_content_ = content_of(file);
    const int from = open(ring.c_str(), O_RDONLY);
    size = fs::file_size(ring);
    // A ring is mostly holes.
    for (off_t at = 0; (at = lseek(from, at, SEEK_DATA)) >= 0;) {
      const off_t end = lseek(from, at, SEEK_HOLE);
      std::string piece(static_cast<std::size_t>(end - at), '\0');
      CHECK_EQ(pread(from, piece.data(), piece.size(), at), static_cast<ssize_t>(piece.size()));
      pieces_.emplace_back(at, piece);
      at = end;
    }
    close(from);
    fs::remove(ring);
  }
  void put_back() const {
    fs::remove_all(scene.rings());
    fs::create_directory(scene.rings());
    fs::permissions(scene.rings(), fs::perms::owner_all);
    put_content(file, file_content_);
    const int to = open(ring.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
    for (const auto& [at, piece] : pieces_) {
      CHECK_EQ(pwrite(to, piece.data(), piece.size(), at), static_cast<ssize_t>(piece.size()));
    }
    CHECK_EQ(ftruncate(to, static_cast<off_t>(size)), 0);
    close(to);
  }
  template <typename T>
  void patch(std::uint64_t offset, const T& value) const {
    const int to = open(ring.c_str(), O_RDWR);
    CHECK_EQ(pwrite(to, &value, sizeof value, static_cast<off_t>(offset)),
             static_cast<ssize_t>(sizeof value));
    close(to);
  }
  template <typename T>
  T at(std::uint64_t offset) const {
    T value{};
    const int from = open(ring.c_str(), O_RDONLY);
    CHECK_EQ(pread(from, &value, sizeof value, static_cast<off_t>(offset)),
             static_cast<ssize_t>(sizeof value));
    close(from);
    return value;
  }
  // The parts of the ring that are not holes: offset and bytes.
  const std::vector<std::pair<off_t, std::string>>& pieces() const { return pieces_; }

  const Scene scene;
  std::string ring, file;
  std::uint64_t size = 0;

 private:
  std::string file_content_;
  std::vector<std::pair<off_t, std::string>> pieces_;
};

}  // namespace tickertape::test
