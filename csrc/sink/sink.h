// Where record bytes go. L3; the sequencer appends, one call at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/os/file.h"

namespace tickertape {

struct Appended {
  std::size_t bytes;     // how many of the first bytes were taken
  int error_number = 0;  // why the rest was not; 0: all were taken
};

// The state of what was appended so far.
enum class SinkState {
  kSound,
  kGone,     // somebody deleted it: what is appended from now on is lost
  kShort,    // somebody cut it off
  kMissing,  // it could not be made yet
  kClosed,   // the program closed its descriptor; reopen()
};

// Something that grows at its end. append() and size() are called by one thread at a time; sync() may run
// beside them.
class Sink {
 public:
  virtual ~Sink() = default;

  // Appends as much as it can. What was taken is visible to readers. Never throws: the
  // sequencer tries again after an error.
  virtual Appended append(Bytes bytes) noexcept = 0;

  // Called before each append(), so it must not ask a server.
  virtual SinkState check_state() noexcept { return SinkState::kSound; }

  // append() takes nothing more once the size is `bytes` or more: it fails with EDQUOT until the limit is
  // raised. Thread-safe.
  virtual void set_size_limit(std::uint64_t /*bytes*/) noexcept {}

  // For kClosed: another sink that continues this one. Throws IoError.
  virtual std::unique_ptr<Sink> reopen() { return nullptr; }

  // Returns when everything appended is on stable storage. Throws IoError.
  virtual void sync() = 0;

  // Bytes taken so far.
  virtual std::uint64_t size() const = 0;

  // Where it is, for a process that recovers it after this one has died.
  virtual const FileLocation& location() const noexcept {
    static const FileLocation nowhere;
    return nowhere;
  }

  // Its name for the user.
  virtual const std::string& path() const = 0;
};

// Creates a new file to append to. Throws IoError; EEXIST if the name is taken.
std::unique_ptr<Sink> create_file_sink(const std::string& path);

}  // namespace tickertape
