// The kinds of failure that the core reports. The bindings turn each into one Python exception. L0.
#pragma once

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

// Errors of network file systems and quotas, which the C library of Windows does not name; nothing there
// returns them.
#if defined(_WIN32)
#include <cerrno>
#if !defined(ESTALE)
#define ESTALE 116
#endif
#if !defined(EDQUOT)
#define EDQUOT 122
#endif
#endif

namespace tickertape {

// A bad argument; becomes ValueError. The message names the argument.
class ArgumentError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// The writer was closed before the call, by this thread or another one.
class ClosedError : public ArgumentError {
 public:
  using ArgumentError::ArgumentError;
};

// A system call failed; becomes OSError with errno and path.
class IoError : public std::runtime_error {
 public:
  IoError(int error_number, std::string path, const std::string& doing)
      : std::runtime_error(doing + " '" + path + "': " + std::generic_category().message(error_number)),
        error_number_(error_number),
        path_(std::move(path)),
        doing_(doing.ends_with(':') ? doing.substr(0, doing.size() - 1) : doing) {}
  int error_number() const { return error_number_; }
  const std::string& path() const { return path_; }
  // What was attempted, without the path.
  const std::string& doing() const { return doing_; }

 private:
  int error_number_;
  std::string path_;
  std::string doing_;
};

// Bytes that break their format. `offset` is the place, counted from the start of the file or span.
class DataError : public std::runtime_error {
 public:
  DataError(std::uint64_t offset, const std::string& what)
      : std::runtime_error(what + " at byte " + std::to_string(offset)), offset_(offset) {}
  std::uint64_t offset() const { return offset_; }

 private:
  std::uint64_t offset_;
};

// A wait was ended by the caller's wait hook (drain/wait_hooks.h). In Python a signal handler has
// raised, and its exception is already set.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

}  // namespace tickertape
