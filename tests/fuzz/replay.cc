// Runs a fuzz target on the kept inputs without a fuzzer, so that a fault that was found once stays fixed
// with every compiler.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "input.h"

int main(int count, char** arguments) {
  std::size_t inputs = 0;
  for (int i = 1; i < count; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(file), {}};
      const tickertape::Bytes bytes = tickertape::as_bytes(content);
      std::fprintf(stderr, "%s\n", entry.path().string().c_str());
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      ++inputs;
    }
  }
  std::printf("%zu inputs\n", inputs);
  return inputs == 0 ? 1 : 0;
}
