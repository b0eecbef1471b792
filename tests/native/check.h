// The native test framework: named tests, checks that continue after a failure, and main(). CTest runs one
// executable for each test file.
#pragma once

#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "cpu_sets.h"

namespace tickertape::test {

// True under a sanitizer or an emulator, which is ten times slower or more. Large sweeps are then reduced.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(TICKERTAPE_EMULATED)
inline constexpr bool kIsSlow = true;
#else
inline constexpr bool kIsSlow = false;
#endif

struct Test {
  const char* name;
  void (*body)();
  bool on_every_cpu;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

struct Registration {
  Registration(const char* name, void (*body)(), bool on_every_cpu) {
    tests().push_back({name, body, on_every_cpu});
  }
};

inline void fail(const char* file, int line, const std::string& message) {
  const std::string cpu = cpu_set_name();
  std::fprintf(stderr, "%s:%d: %s%s\n", file, line, message.c_str(),
               (cpu.empty() ? "" : " on " + cpu).c_str());
  ++failures();
}

template <typename T>
void print(std::ostream& out, const T& value) {
  if constexpr (requires { out << value; }) {
    out << value;
  } else {
    out << "(unprintable)";
  }
}

template <typename A, typename B>
void check_eq(const A& a, const B& b, const char* text, const char* file, int line) {
  if (a == b) return;
  std::ostringstream message;
  message.precision(17);
  message << text << ": ";
  print(message, a);
  message << " != ";
  print(message, b);
  fail(file, line, message.str());
}

inline void run(const Test& test) {
  try {
    test.body();
  } catch (const std::exception& error) {
    fail(test.name, 0, std::string("threw ") + error.what());
  }
}

// Returns the value of compute(), and checks with `same` that it is the same on every set of CPU features.
template <typename Compute, typename Same>
auto same_on_every_cpu(Compute compute, Same same, const char* file, int line) {
  const std::vector<CpuSet>& sets = cpu_sets();
  auto first = [&] {  // not const, because the type may be move-only
    const WithoutCpuFeatures without(sets.front().disabled, sets.front().name);
    return compute();
  }();
  for (std::size_t i = 1; i < sets.size(); ++i) {
    const WithoutCpuFeatures without(sets[i].disabled, sets[i].name);
    if (!same(compute(), first)) fail(file, line, "not what the portable code gives");
  }
  return first;
}

inline int run_all() {
  for (const Test& test : tests()) {
    const int before = failures();
    if (test.on_every_cpu) {
      on_every_cpu([&] { run(test); });
    } else {
      run(test);
    }
    if (failures() != before) std::fprintf(stderr, "FAILED %s\n", test.name);
  }
  std::printf("%zu tests, %d failed checks\n", tests().size(), failures());
  return failures() == 0 ? 0 : 1;
}

}  // namespace tickertape::test

#define TICKERTAPE_TEST(name, on_every_cpu)                                                        \
  static void test_##name();                                                                       \
  static const ::tickertape::test::Registration register_##name{#name, test_##name, on_every_cpu}; \
  static void test_##name()

#define TEST(name) TICKERTAPE_TEST(name, false)

// Defines a test that runs once for each of cpu_sets().
#define TEST_ON_EVERY_CPU(name) TICKERTAPE_TEST(name, true)

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) ::tickertape::test::fail(__FILE__, __LINE__, "CHECK(" #condition ")"); \
  } while (false)

#define CHECK_EQ(a, b) ::tickertape::test::check_eq((a), (b), #a " == " #b, __FILE__, __LINE__)

// The value of compute(). same(a, b) must be true for the values of every two sets of CPU features.
#define SAME_ON_EVERY_CPU(compute, same) \
  ::tickertape::test::same_on_every_cpu((compute), (same), __FILE__, __LINE__)

#define CHECK_THROWS(type, expression)                                                              \
  do {                                                                                              \
    bool thrown = false;                                                                            \
    try {                                                                                           \
      (void)(expression);                                                                           \
    } catch (const type&) {                                                                         \
      thrown = true;                                                                                \
    }                                                                                               \
    if (!thrown) ::tickertape::test::fail(__FILE__, __LINE__, #expression " did not throw " #type); \
  } while (false)

#define TEST_MAIN() \
  int main() { return ::tickertape::test::run_all(); }
