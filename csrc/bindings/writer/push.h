// Pushes checked arguments into the ring, with or without the GIL. L5; the last step of every add_* of the
// bindings.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "bindings/convert/arguments.h"
#include "bindings/support/errors.h"
#include "bindings/support/gil.h"
#include "bindings/support/notices.h"
#include "bindings/support/text.h"
#include "bindings/writer/py_writer.h"
#include "event/op_body.h"

namespace tickertape::bindings {

// With on_error="raise": OSError while the disk takes nothing. What was logged stays queued all the same.
inline void raise_trouble(const OpenFile& file) {
  if (const int error_number = file.error_to_raise(); error_number != 0) [[unlikely]]
    throw IoError(error_number, file.path(), "what is logged stays queued, cannot write event file");
}

// UnsupportedValue for what would make an Event that no reader can parse. `bytes`: what is known of its size;
// the rest, e.g. the tag, is less than kEventHead.
inline void check_event_bytes(std::size_t bytes, const char* argument) {
  constexpr std::size_t kEventHead = 4096;
  if (bytes > kMaxEventBytes - kEventHead) [[unlikely]] {
    throw UnsupportedValue(expected(argument, "less than 2 GiB, protobuf's limit for a message",
                                    std::to_string(bytes) + " bytes"));
  }
}

// Warns of what the backend has to say about `tag` of this file (std::nullopt: about the file), and about no
// tag.
inline void raise_notices_of(OpenFile& file, std::optional<std::string_view> tag) {
  if (file.backend().notices().any()) [[unlikely]]
    raise_notices_about(file.name_id(tag));
}

// Runs `push(file)`, which copies `bytes` bytes that the caller's arguments keep alive, without the GIL if
// that may take long: it touches nothing of Python, and the file stays open even if another thread closes it.
// `tag` is that of the op; std::nullopt if it has none.
template <typename Push>
void push_op(PyWriter& self, std::optional<std::string_view> tag, std::size_t bytes, Push push) {
  const std::shared_ptr<OpenFile> file = self.file();
  if (file == nullptr) return;  // write_to_disk=False: the arguments were checked, and that is all
  if (bytes >= kWorthReleasingGil || !file->backend().ring().probably_has_room(bytes)) {
    const GilRelease release;
    push(*file);
  } else {
    push(*file);
  }
  raise_notices_of(*file, tag);
  raise_trouble(*file);
}

// Adds an op with a body. Throws as to_tag() does; what `body` points to is copied before it returns.
template <typename Body>
void add(PyWriter& self, OpKind kind, pybind11::handle tag, const Body& body, const When& when) {
  const std::string_view text = to_tag(tag.ptr());
  push_op(self, text, body_size(body),
          [&](OpenFile& file) { file.add(kind, text, body, when.step, when.wall_time); });
}

}  // namespace tickertape::bindings
