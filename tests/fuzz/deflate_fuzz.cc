// Fuzzes the deflate block writer with arbitrary tokens and with those of the match finder. The oracle is the
// inflate of inflate.h, which must return the input.
#include <algorithm>
#include <vector>

#include "codec/image/deflate.h"
#include "codec/image/inflate.h"
#include "codec/image/match_finder.h"
#include "cpu_sets.h"
#include "input.h"

using namespace tickertape;
using namespace tickertape::fuzz;

namespace {

constexpr std::size_t kMaxBytes = 96 << 10;
constexpr std::size_t kMinMatch = 3;  // RFC 1951, section 3.2.5

void check_inflates_to(const std::vector<std::uint8_t>& bytes, const Buffer& stream) {
  std::size_t used = 0;
  PROMISE(test::inflate(stream.bytes(), used) == bytes && used == stream.size());
}

// Reads tokens from the input and sets `bytes` to what they encode.
std::vector<Token> describe(Input& input, std::vector<std::uint8_t>& bytes) {
  std::vector<Token> tokens;
  while (!input.empty() && bytes.size() < kMaxBytes) {
    Token token{};
    const std::size_t literals = input.byte() % 2 == 0 ? input.byte() % 8 : input.up_to(2000);
    const std::vector<std::uint8_t> fresh =
        literals < 8 ? std::vector<std::uint8_t>(literals, input.byte()) : paint(input, literals);
    bytes.insert(bytes.end(), fresh.begin(), fresh.end());
    token.literals = static_cast<std::uint32_t>(literals);
    const std::size_t drawn = input.up_to(65535);
    const std::size_t most = drawn % 64 == 63 ? kMaxTokenMatch : kMaxMatch;
    const std::size_t length = kMinMatch + drawn % (most - kMinMatch + 1);
    const std::size_t distance = 1 + input.up_to(kMaxDistance - 1) % std::max<std::size_t>(bytes.size(), 1);
    if (!bytes.empty()) {
      token.length = static_cast<std::uint16_t>(length);
      token.distance = static_cast<std::uint16_t>(distance);
      for (std::size_t i = 0; i < length; ++i) bytes.push_back(bytes[bytes.size() - distance]);
    }
    tokens.push_back(token);
  }
  return tokens;
}

void any_tokens(Input& input) {
  std::vector<std::uint8_t> bytes;
  const std::size_t blocks = 1 + input.byte() % 3;
  std::vector<std::vector<Token>> tokens;
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < blocks; ++i) {
    tokens.push_back(describe(input, bytes));
    ends.push_back(bytes.size());
  }
  std::vector<std::uint8_t> padded = bytes;
  padded.resize(bytes.size() + 8);  // the writer may read 8 bytes past the end
  DeflateWriter writer;
  Buffer stream;
  std::size_t from = 0;
  for (std::size_t i = 0; i < blocks; ++i) {
    writer.write_block({padded.data() + from, ends[i] - from}, tokens[i], i + 1 == blocks, stream);
    from = ends[i];
  }
  check_inflates_to(bytes, stream);
}

void found_tokens(Input& input) {
  const std::size_t least = input.up_to(65535);
  const std::vector<std::uint8_t> bytes = paint(input, 1 + input.up_to(65535));
  const std::size_t block =
      std::max(1 + least, bytes.size() / 8);  // few blocks: each has its own code tables
  std::vector<std::uint8_t> window = bytes;
  window.resize(bytes.size() + kMatchSlack);
  std::vector<Buffer> streams;
  test::on_every_cpu([&] {
    Buffer& stream = streams.emplace_back();
    MatchFinder finder;
    DeflateWriter writer;
    for (std::size_t from = 0; from < bytes.size(); from += block) {
      const std::size_t end = std::min(bytes.size(), from + block);
      std::vector<Token> tokens;
      finder.find(window.data(), from, end, 0, tokens);
      writer.write_block({window.data() + from, end - from}, tokens, end == bytes.size(), stream);
    }
  });
  for (const Buffer& stream : streams) PROMISE(std::ranges::equal(stream.bytes(), streams[0].bytes()));
  check_inflates_to(bytes, streams[0]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  if (input.byte() % 2 == 0) {
    any_tokens(input);
  } else {
    found_tokens(input);
  }
  return 0;
}
