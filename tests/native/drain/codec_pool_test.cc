// The codec pool as an Executor: every part runs once, nobody waits for what nobody has begun, stop() ends it
// all.
#include "drain/codec_pool.h"

#include <atomic>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.h"

using namespace tickertape;

TEST(each_part_runs_once) {
  for (const unsigned limit : {1U, 2U, 5U}) {
    CodecPool pool(limit);
    for (const std::size_t count : {0U, 1U, 2U, 7U, 100U}) {
      std::vector<std::atomic<int>> runs(count);
      pool.run_parts(count, [&](std::size_t i) { runs[i].fetch_add(1, std::memory_order_relaxed); });
      for (const std::atomic<int>& each : runs) CHECK_EQ(each.load(), 1);
    }
    pool.stop();
  }
}

// More callers than threads: each does its own parts where no one else comes.
TEST(many_callers) {
  CodecPool pool(2);
  std::atomic<std::size_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 6; ++caller) {
    callers.emplace_back([&] {
      for (int turn = 0; turn < 200; ++turn) {
        std::size_t own = 0;
        std::vector<std::size_t> results(5);
        pool.run_parts(5, [&](std::size_t i) { results[i] = i + 1; });
        for (const std::size_t each : results) own += each;  // all are visible here
        sum.fetch_add(own, std::memory_order_relaxed);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK_EQ(sum.load(), std::size_t{6} * 200 * 15);
  pool.stop();
}

// A part that throws ends neither a thread of the pool nor the process; its caller gets the exception.
TEST(a_part_that_throws) {
  for (const unsigned limit : {0U, 1U, 3U}) {
    CodecPool pool(limit);
    for (int turn = 0; turn < 100; ++turn) {
      std::atomic<int> runs{0};
      CHECK_THROWS(std::runtime_error, pool.run_parts(50, [&](std::size_t i) {
        runs.fetch_add(1, std::memory_order_relaxed);
        if (i >= 3) throw std::runtime_error("a part fails");
      }));
      CHECK(runs.load() >= 4);
    }
    std::atomic<int> runs{0};
    pool.run_parts(50, [&](std::size_t) { runs.fetch_add(1, std::memory_order_relaxed); });
    CHECK_EQ(runs.load(), 50);
    pool.stop();
  }
}

// A thread of the pool may be the caller, as encode_event() in a job is, and all others may be busy likewise.
TEST(parts_inside_parts) {
  CodecPool pool(3);
  std::atomic<int> runs{0};
  pool.run_parts(8, [&](std::size_t) { pool.run_parts(8, [&](std::size_t) { ++runs; }); });
  CHECK_EQ(runs.load(), 64);
  pool.stop();
}

// run_one() helps; here it is the only one who can, since part 0 waits for part 1.
TEST(a_flushing_thread_helps) {
  CodecPool pool(0);
  std::atomic<bool> helped{false}, started{false};
  std::thread caller([&] {
    const std::thread::id own = std::this_thread::get_id();
    pool.run_parts(2, [&](std::size_t) {
      if (std::this_thread::get_id() != own) {
        helped.store(true);
      } else if (!started.exchange(true)) {
        while (!helped.load()) std::this_thread::yield();
      }
    });
  });
  while (!pool.run_one()) std::this_thread::yield();
  caller.join();
  CHECK(helped.load());
}

TEST(parts_after_stop) {
  CodecPool pool(2);
  for (int turn = 0; turn < 3; ++turn) {
    std::atomic<int> runs{0};
    pool.run_parts(4, [&](std::size_t) { ++runs; });
    CHECK_EQ(runs.load(), 4);
    pool.stop();
  }
}

TEST_MAIN()
