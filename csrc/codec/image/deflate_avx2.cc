// Deflate's output loop, compiled with BMI2 shifts. L1; writes the same bytes as the portable code.
#if defined(__x86_64__)

#include "codec/image/deflate_emit.h"

namespace tickertape::deflate_impl {
namespace {
struct Avx2;
}

BitWriter emit_tokens_avx2(const std::uint8_t* from, std::span<const Token> tokens, const BlockCodes& codes,
                           BitWriter out) {
  return emit_tokens<Avx2>(from, tokens, codes, out);
}

}  // namespace tickertape::deflate_impl

#endif
