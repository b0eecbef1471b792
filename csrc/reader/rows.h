// The values of one series as columns. L4; the event indexer appends, Python and Arrow see the memory as it
// is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

#include "reader/column_memory.h"

namespace tickertape {

// One column. Its owner counts the rows. Grows by realloc(), which moves the pages of a large column instead
// of copying them, until it is moved to memory of others.
template <typename T>
class Column {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  T& operator[](std::size_t i) { return data_.get()[i]; }
  const T& operator[](std::size_t i) const { return data_.get()[i]; }

  // Makes room for `rows` rows and keeps what was there. Throws std::bad_alloc.
  void resize(std::size_t rows) {
    void* moved = std::realloc(data_.get(), rows * sizeof(T));  // NOLINT(cppcoreguidelines-no-malloc)
    if (moved == nullptr) throw std::bad_alloc();
    static_cast<void>(data_.release());
    data_.reset(static_cast<T*>(moved));
  }
  // Moves the first `rows` rows to `memory`, which is aligned and outlives the column. It cannot grow any
  // more.
  void move_to(void* memory, std::size_t rows) {
    std::memcpy(memory, data_.get(), rows * sizeof(T));
    data_ = {static_cast<T*>(memory), Free{false}};
  }

 private:
  struct Free {
    bool is_own = true;
    void operator()(T* data) const {
      if (is_own) std::free(data);  // NOLINT(cppcoreguidelines-no-malloc)
    }
  };
  std::unique_ptr<T, Free> data_;
};

// What an event says of each of its values.
struct Moment {
  std::int64_t step;
  double wall_time;
  std::uint32_t ordinal;  // number of the event in its file
};

// Where a value is that was not decoded.
struct Place {
  std::int64_t offset;    // of the record in the file
  std::int64_t length;    // of the record's data
  std::int32_t position;  // number of the value in the event's summary; -1: the event itself
  std::uint8_t field;  // of the Value, that holds the content (protobuf::value_field); 0: none, or an event
};

// The rows of one series in file order: numbers (step, wall time, ordinal, value) or places (step, wall time,
// ordinal, offset, length, position, field). Not thread-safe while it grows. Throws std::bad_alloc.
class Rows {
 public:
  enum class Content : std::uint8_t { kNumbers, kPlaces };

  explicit Rows(Content content) : content_(content) {}

  void add(const Moment& moment, double value, std::uint8_t field) {
    if (size_ == capacity_) reserve(next_capacity());
    value_[size_] = value;
    fields_ |= 1U << field;
    add_moment(moment);
  }
  void add(const Moment& moment, const Place& place) {
    if (size_ == capacity_) reserve(next_capacity());
    offset_[size_] = place.offset;
    length_[size_] = place.length;
    position_[size_] = place.position;
    field_[size_] = place.field;
    fields_ |= 1U << place.field;
    add_moment(moment);
  }
  // Appends the rows of `other`, which has the same content.
  void append(const Rows& other) {
    reserve(size_ + other.size_);
    each_column(other, [this, &other](auto& own, const auto& theirs) {
      if (other.size_ != 0) std::memcpy(&own[size_], theirs.data(), other.size_ * sizeof own[0]);
    });
    size_ += other.size_;
    fields_ |= other.fields_;
  }
  // Makes room for `rows` rows in all.
  void reserve(std::size_t rows) {
    if (rows > capacity_) resize(rows);
  }
  // Adds `count` to each ordinal.
  void shift_ordinals(std::uint32_t count) {
    for (std::size_t i = 0; i < size_; ++i) ordinal_[i] += count;
  }
  // Gives back the room that is not needed: few rows move to `memory`. Nothing may be added later.
  void pack(ColumnMemory& memory) {
    if (size_ == 0) return;
    std::size_t bytes = 0;
    each_column(*this, [&](auto& own, const auto&) { bytes += aligned(size_ * sizeof own[0]); });
    if (bytes > ColumnMemory::kMostBytes) {
      if (size_ != capacity_) resize(size_);
      return;
    }
    const ColumnMemory::Place place = memory.take(bytes);
    std::uint8_t* to = place.data;
    each_column(*this, [&](auto& own, const auto&) {
      own.move_to(to, size_);
      to += aligned(size_ * sizeof own[0]);
    });
    owner_ = place.owner;
    capacity_ = size_;
  }

  std::size_t size() const { return size_; }
  Content content() const { return content_; }
  const std::int64_t* step() const { return step_.data(); }
  const double* wall_time() const { return wall_time_.data(); }
  const std::uint32_t* ordinal() const { return ordinal_.data(); }
  const double* value() const { return value_.data(); }              // of numbers
  const std::int64_t* offset() const { return offset_.data(); }      // of places
  const std::int64_t* length() const { return length_.data(); }      // of places
  const std::int32_t* position() const { return position_.data(); }  // of places
  const std::uint8_t* field() const { return field_.data(); }        // of places
  // Bit n: field n of a Value holds the content of a row.
  std::uint32_t fields() const { return fields_; }

 private:
  static constexpr std::size_t kFirstRows = 4;

  void add_moment(const Moment& moment) {
    step_[size_] = moment.step;
    wall_time_[size_] = moment.wall_time;
    ordinal_[size_] = moment.ordinal;
    ++size_;
  }
  static std::size_t aligned(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }
  std::size_t next_capacity() const { return capacity_ == 0 ? kFirstRows : 2 * capacity_; }
  void resize(std::size_t rows) {
    each_column(*this, [rows](auto& own, const auto&) { own.resize(rows); });
    capacity_ = rows;
  }
  template <typename Visit>
  void each_column(const Rows& other, Visit visit) {
    visit(step_, other.step_);
    visit(wall_time_, other.wall_time_);
    visit(ordinal_, other.ordinal_);
    if (content_ == Content::kNumbers) {
      visit(value_, other.value_);
    } else {
      visit(offset_, other.offset_);
      visit(length_, other.length_);
      visit(position_, other.position_);
      visit(field_, other.field_);
    }
  }

  std::size_t size_ = 0, capacity_ = 0;
  Column<std::int64_t> step_;
  Column<double> wall_time_;
  Column<double> value_;
  Column<std::uint32_t> ordinal_;
  Column<std::int64_t> offset_, length_;
  Column<std::int32_t> position_;
  Column<std::uint8_t> field_;
  std::shared_ptr<const void> owner_;  // of packed columns
  std::uint32_t fields_ = 0;
  Content content_;
};

inline Rows::Content content_of(bool is_number) {
  return is_number ? Rows::Content::kNumbers : Rows::Content::kPlaces;
}

}  // namespace tickertape
