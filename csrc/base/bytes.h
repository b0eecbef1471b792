// Byte spans, and the growable buffer that every encoder writes into. L0: does not know what the bytes mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace tickertape {

using Bytes = std::span<const std::uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A growable byte array. It does not zero memory that the caller is about to overwrite. Move-only; not
// thread-safe. If memory cannot be allocated, throws std::bad_alloc and keeps its content.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  std::uint8_t* data() { return data_.get(); }
  const std::uint8_t* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  Bytes bytes() const { return {data_.get(), size_}; }
  void clear() { size_ = 0; }

  // Makes room for `count` bytes after the end and returns a pointer to them. Their content is undefined, and
  // size() does not include them until commit(). The pointer is valid until the next call that may grow the
  // buffer.
  std::uint8_t* reserve_back(std::size_t count) {
    if (capacity_ - size_ < count) grow(size_ + count);
    return data_.get() + size_;
  }
  void commit(std::size_t count) { size_ += count; }

  // Appends `count` bytes of undefined content and returns a pointer to the first one.
  std::uint8_t* extend(std::size_t count) {
    std::uint8_t* start = reserve_back(count);
    size_ += count;
    return start;
  }

  void append(Bytes bytes) {
    if (bytes.empty()) return;
    std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
  }
  void push_back(std::uint8_t byte) { *extend(1) = byte; }

  // Shrinks to `size` bytes. `size` must not exceed size().
  void truncate(std::size_t size) { size_ = size; }

 private:
  void grow(std::size_t needed) {
    std::size_t capacity = capacity_ * 2 > needed ? capacity_ * 2 : needed;
    if (capacity < 64) capacity = 64;
    std::unique_ptr<std::uint8_t[]> larger(new std::uint8_t[capacity]);
    if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace tickertape
