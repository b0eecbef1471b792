// The whole of our native test framework: named tests, checks that go on after a failure, a main.
// CTest runs one executable a file; so this stays small enough to read before the first test.
#pragma once

#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

namespace tickertape::test {

struct Test {
  const char* name;
  void (*body)();
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
  Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

inline void fail(const char* file, int line, const std::string& message) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, message.c_str());
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

inline int run_all() {
  for (const Test& test : tests()) {
    const int before = failures();
    try {
      test.body();
    } catch (const std::exception& error) {
      fail(test.name, 0, std::string("threw ") + error.what());
    }
    if (failures() != before) std::fprintf(stderr, "FAILED %s\n", test.name);
  }
  std::printf("%zu tests, %d failed checks\n", tests().size(), failures());
  return failures() == 0 ? 0 : 1;
}

}  // namespace tickertape::test

#define TEST(name)                                                                   \
  static void test_##name();                                                         \
  static const ::tickertape::test::Registration register_##name{#name, test_##name}; \
  static void test_##name()

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) ::tickertape::test::fail(__FILE__, __LINE__, "CHECK(" #condition ")"); \
  } while (false)

#define CHECK_EQ(a, b) ::tickertape::test::check_eq((a), (b), #a " == " #b, __FILE__, __LINE__)

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
