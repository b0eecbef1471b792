// Whoever may run parts of one task on several threads. L0: codecs take one without knowing whose threads
// those are.
#pragma once

#include <cstddef>
#include <functional>

namespace tickertape {

class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  // Calls part(0) … part(count - 1), each once, in the calling thread and perhaps in others, in any order;
  // returns when the last has returned. Parts must not throw and must not wait for each other.
  virtual void run_parts(std::size_t count, const std::function<void(std::size_t)>& part) = 0;
};

}  // namespace tickertape
