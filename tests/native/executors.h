// Executors that differ from the plain loop in order and threads. For tests of codecs that work in parts.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "base/executor.h"

namespace tickertape::test {

// Runs the parts in reverse order on the calling thread, and counts them.
class Backwards : public Executor {
 public:
  void run_parts(std::size_t count, const std::function<void(std::size_t)>& part) override {
    parts += count;
    while (count > 0) part(--count);
  }
  std::size_t parts = 0;
};

// Runs each part on its own thread.
class Threads : public Executor {
 public:
  void run_parts(std::size_t count, const std::function<void(std::size_t)>& part) override {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) threads.emplace_back(part, i);
    for (std::thread& thread : threads) thread.join();
  }
};

// Three threads run the parts in any order; each takes the next part when it is done.
class Shuffled : public Executor {
 public:
  void run_parts(std::size_t count, const std::function<void(std::size_t)>& part) override {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random_);
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i = next++; i < count; i = next++) part(order[i]);
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
  }

 private:
  std::mt19937 random_{17};
};

}  // namespace tickertape::test
