// Measures, writes and reads the body of an op by its layout(). L2.
//
// A body is a sequence of 64-bit words in native byte order. Texts, bytes and arrays are a length word and
// their bytes, padded to a whole word, so that every array is aligned.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "event/op.h"

namespace tickertape {

inline constexpr std::size_t kBodyWordBytes = 8;

constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + kBodyWordBytes - 1) & ~(kBodyWordBytes - 1);
}

class BodySizer {
 public:
  std::size_t size() const { return size_; }

  template <typename T>
  void word(const T&) {
    size_ += kBodyWordBytes;
  }
  void bytes(Bytes content) { block(content.size()); }
  void text(std::string_view content) { block(content.size()); }
  template <typename T>
  void numbers(std::span<const T> content) {
    block(content.size_bytes());
  }
  void array(const BodyArray& content) {
    size_ += kBodyWordBytes;
    block(content.source.size_bytes());
  }

 private:
  void block(std::size_t bytes) { size_ += kBodyWordBytes + padded(bytes); }
  std::size_t size_ = 0;
};

// Writes a body to memory of the size that BodySizer measured.
class BodyWriter {
 public:
  explicit BodyWriter(std::uint8_t* to) : to_(to) {}

  template <typename T>
  void word(const T& value) {
    static_assert(sizeof(T) <= kBodyWordBytes);
    std::memset(to_, 0, kBodyWordBytes);
    std::memcpy(to_, &value, sizeof value);
    to_ += kBodyWordBytes;
  }
  void bytes(Bytes content) {
    std::uint8_t* start = block(content.size());
    if (!content.empty()) std::memcpy(start, content.data(), content.size());
  }
  void text(std::string_view content) { bytes(as_bytes(content)); }
  template <typename T>
  void numbers(std::span<const T> content) {
    bytes({reinterpret_cast<const std::uint8_t*>(content.data()), content.size_bytes()});
  }
  void array(const BodyArray& content) {
    word(content.source.dtype);
    gather(content.source, block(content.source.size_bytes()));
  }

 protected:
  // Writes the length of a block and returns a pointer to the room for its content.
  std::uint8_t* block(std::size_t bytes) {
    word(std::uint64_t{bytes});
    std::uint8_t* start = to_;
    to_ += padded(bytes);
    return start;
  }

 private:
  std::uint8_t* to_;
};

// An array in a body whose elements are written later.
struct DeferredBlock {
  std::size_t at;  // offset of the elements in the body
  DType dtype;
  const void* data;
  std::vector<std::ptrdiff_t> axes;  // shape, then strides in bytes
};

// Like BodySizer; also records the arrays that are not empty.
class DeferredBodySizer : private BodySizer {
 public:
  using BodySizer::bytes, BodySizer::numbers, BodySizer::size, BodySizer::text, BodySizer::word;
  std::vector<DeferredBlock> take_blocks() { return std::move(blocks_); }

  void array(const BodyArray& content) {
    const ArraySource& from = content.source;
    DeferredBlock block{
        size() + 2 * kBodyWordBytes, from.dtype, from.data, {from.shape, from.shape + from.rank}};
    block.axes.insert(block.axes.end(), from.strides, from.strides + from.rank);
    if (from.size() != 0) blocks_.push_back(std::move(block));
    BodySizer::array(content);
  }

 private:
  std::vector<DeferredBlock> blocks_;
};

// Like BodyWriter, but leaves room for the arrays instead of copying them.
class DeferredBodyWriter : private BodyWriter {
 public:
  using BodyWriter::BodyWriter;
  using BodyWriter::bytes, BodyWriter::numbers, BodyWriter::text, BodyWriter::word;

  void array(const BodyArray& content) {
    word(content.source.dtype);
    block(content.source.size_bytes());
  }
};

// Like BodySizer, for arrays that are read in place. Throws ArgumentError if an array is not contiguous.
class InPlaceSizer : private BodySizer {
 public:
  using BodySizer::bytes, BodySizer::numbers, BodySizer::size, BodySizer::text, BodySizer::word;

  void array(const BodyArray& content) {
    if (!content.source.is_contiguous())
      throw ArgumentError("array: expected contiguous elements (read in place), got strided ones");
    word(content.source.dtype);
    word(content.source.size_bytes());
    word(std::bit_cast<std::uintptr_t>(content.source.data));
  }
};

// Like BodyWriter, but writes the address of each array instead of its elements.
class InPlaceWriter : private BodyWriter {
 public:
  using BodyWriter::BodyWriter;
  using BodyWriter::bytes, BodyWriter::numbers, BodyWriter::text, BodyWriter::word;

  void array(const BodyArray& content) {
    word(content.source.dtype);
    word(content.source.size_bytes());
    word(std::bit_cast<std::uintptr_t>(content.source.data));
  }
};

// Reads a body that BodyWriter wrote, or InPlaceWriter if `in_place` is true. The bytes may come from an
// orphaned ring, so every length is checked: throws DataError with the offset in the body.
class BodyReader {
 public:
  explicit BodyReader(Bytes body, bool in_place = false) : body_(body), in_place_(in_place) {}

  template <typename T>
  void word(T& value) {
    std::memcpy(&value, take(kBodyWordBytes), sizeof value);
  }
  void bytes(Bytes& content) {
    std::uint64_t size = 0;
    word(size);
    if (size > body_.size() - at_) throw DataError(at_, "op body cut off");
    content = {take(padded(size)), static_cast<std::size_t>(size)};
  }
  void text(std::string_view& content) {
    Bytes raw;
    bytes(raw);
    content = as_text(raw);
  }
  template <typename T>
  void numbers(std::span<const T>& content) {
    Bytes raw;
    bytes(raw);
    content = {reinterpret_cast<const T*>(raw.data()), raw.size() / sizeof(T)};
  }
  void array(BodyArray& content) {
    const std::size_t start = at_;
    word(content.view.dtype);
    const std::size_t item = item_size(content.view.dtype);
    if (item == 0) throw DataError(start, "unknown element type in op body");
    Bytes raw;
    if (in_place_) {
      std::uint64_t size = 0;
      std::uintptr_t address = 0;
      word(size);
      word(address);
      raw = {std::bit_cast<const std::uint8_t*>(address), static_cast<std::size_t>(size)};
    } else {
      bytes(raw);
    }
    content.view.data = raw.data();
    content.view.size = raw.size() / item;
  }

 private:
  const std::uint8_t* take(std::size_t bytes) {
    if (bytes > body_.size() - at_) throw DataError(at_, "op body cut off");
    const std::uint8_t* start = body_.data() + at_;
    at_ += bytes;
    return start;
  }
  Bytes body_;
  bool in_place_;
  std::size_t at_ = 0;
};

template <typename Op>
std::size_t body_size(Op op) {
  BodySizer sizer;
  op.layout(sizer);
  return sizer.size();
}

template <typename Op>
void write_body(Op op, std::uint8_t* to) {
  BodyWriter writer(to);
  op.layout(writer);
}

template <typename Op>
Op read_body(const OpView& view) {
  Op op;
  BodyReader reader(view.body, view.is_in_place);
  op.layout(reader);
  return op;
}

}  // namespace tickertape
