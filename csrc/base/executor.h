// Runs the parts of one task, perhaps on several threads. L0, so that a codec can use the codec pool without
// depending on it.
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

  // Calls part(0) … part(count - 1), each once, in any order, on the calling thread and perhaps on others.
  // Returns when all parts have returned. Parts must not throw and must not wait for each other.
  virtual void run_parts(std::size_t count, const std::function<void(std::size_t)>& part) = 0;
};

}  // namespace tickertape
