// The sink that is a buffer. L3.
#include <cerrno>
#include <new>

#include "sink/sink.h"

namespace tickertape {

Appended MemorySink::append(Bytes bytes) noexcept {
  try {
    content_.append(bytes);
  } catch (const std::bad_alloc&) {
    return {0, ENOMEM};
  }
  return {bytes.size()};
}

}  // namespace tickertape
