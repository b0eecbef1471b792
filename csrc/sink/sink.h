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
  std::size_t bytes;     // taken, from the front of what was offered
  int error_number = 0;  // why no more; 0: all were taken
};

// Whether what was appended is still where it was put.
enum class SinkState {
  kSound,
  kGone,     // somebody deleted it: what is appended now, nobody will see
  kShort,    // somebody cut it off
  kMissing,  // it could not be made yet
  kClosed,   // the program closed its descriptor; reopen()
};

// One growing thing. append() and size() are called by one thread at a time; sync() may run beside them.
class Sink {
 public:
  virtual ~Sink() = default;

  // Appends as much as it can. What was taken is visible to readers. Never throws: trouble is for the
  // sequencer to retry.
  virtual Appended append(Bytes bytes) noexcept = 0;

  // Looks at it; to be called before each append(), so it asks nobody far away.
  virtual SinkState check_state() noexcept { return SinkState::kSound; }

  // For kClosed: another sink that continues this one. Throws IoError.
  virtual std::unique_ptr<Sink> reopen() { return nullptr; }

  // Returns when everything appended is on stable storage. Throws IoError.
  virtual void sync() = 0;

  // Bytes taken so far.
  virtual std::uint64_t size() const = 0;

  // Where it is, for a process that goes on after this one is dead.
  virtual const FileLocation& location() const noexcept {
    static const FileLocation nowhere;
    return nowhere;
  }

  // What the user knows it by.
  virtual const std::string& path() const = 0;
};

// Creates a new file to append to. Throws IoError; EEXIST where the name is taken.
std::unique_ptr<Sink> create_file_sink(const std::string& path);

}  // namespace tickertape
