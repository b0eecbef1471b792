// Checks at compile time that the bodies of ops are laid out as kOpLayoutVersion 2 says. L2. If one of these
// asserts fails, the change needs a new kOpLayoutVersion (op.h) and new golden rings
// (tests/golden/make_rings.py), because other processes and later versions read the bodies.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "codec/histogram/histogram.h"
#include "codec/pr_curve/packed.h"
#include "event/op.h"
#include "event/op_body.h"

namespace tickertape {
namespace {

enum class BodyPart : std::uint8_t { kNone, kWord, kBytes, kText, kNumbers, kArray };

// Walks the layout() of a body whose variable parts are all empty, and finds one member of the op.
class MemberFinder {
 public:
  constexpr explicit MemberFinder(const void* member) : member_(member) {}

  constexpr void word(const auto& content) { add(&content, BodyPart::kWord, kBodyWordBytes); }
  constexpr void bytes(const Bytes& content) { add(&content, BodyPart::kBytes, kBodyWordBytes); }
  constexpr void text(const std::string_view& content) { add(&content, BodyPart::kText, kBodyWordBytes); }
  template <typename T>
  constexpr void numbers(const std::span<T>& content) {
    static_assert(sizeof(T) == kBodyWordBytes);
    add(&content, BodyPart::kNumbers, kBodyWordBytes);
  }
  constexpr void array(const BodyArray& content) { add(&content, BodyPart::kArray, 2 * kBodyWordBytes); }

  constexpr bool is_at(BodyPart part, std::size_t offset) const { return part_ == part && offset_ == offset; }
  constexpr std::size_t size() const { return size_; }

 private:
  constexpr void add(const void* content, BodyPart part, std::size_t bytes) {
    if (content == member_) {
      part_ = part;
      offset_ = size_;
    }
    size_ += bytes;
  }
  const void* member_;
  BodyPart part_ = BodyPart::kNone;
  std::size_t offset_ = 0, size_ = 0;
};

// True if `member` is a part of this kind, `offset` bytes from the start of a body whose variable parts are
// empty.
template <typename Op, typename Member>
consteval bool is_at(Member Op::* member, BodyPart part, std::size_t offset) {
  Op op;
  MemberFinder finder(&(op.*member));
  op.layout(finder);
  return finder.is_at(part, offset);
}

// The size of a body whose variable parts are empty.
template <typename Op>
consteval std::size_t fixed_size() {
  Op op;
  MemberFinder finder(nullptr);
  op.layout(finder);
  return finder.size();
}

static_assert(kOpLayoutVersion == 2 && kLastOpKind == OpKind::kPackedPrCurve && kBodyWordBytes == 8);
static_assert(kCountedWords == 1556 && kPackedPositive == 0x80);  // what `words` and `packed` consist of

static_assert(is_at(&HistogramOp::bins, BodyPart::kWord, 0));
static_assert(is_at(&HistogramOp::bin_count, BodyPart::kWord, 8));
static_assert(is_at(&HistogramOp::edges, BodyPart::kNumbers, 16));
static_assert(is_at(&HistogramOp::max_bins, BodyPart::kWord, 24));
static_assert(is_at(&HistogramOp::values, BodyPart::kArray, 32));
static_assert(fixed_size<HistogramOp>() == 48);

static_assert(is_at(&HistogramCountsOp::max_bins, BodyPart::kWord, 0));
static_assert(is_at(&HistogramCountsOp::words, BodyPart::kArray, 8));
static_assert(fixed_size<HistogramCountsOp>() == 24);

static_assert(is_at(&HistogramRawOp::min, BodyPart::kWord, 0));
static_assert(is_at(&HistogramRawOp::max, BodyPart::kWord, 8));
static_assert(is_at(&HistogramRawOp::num, BodyPart::kWord, 16));
static_assert(is_at(&HistogramRawOp::sum, BodyPart::kWord, 24));
static_assert(is_at(&HistogramRawOp::sum_squares, BodyPart::kWord, 32));
static_assert(is_at(&HistogramRawOp::bucket_limits, BodyPart::kNumbers, 40));
static_assert(is_at(&HistogramRawOp::bucket_counts, BodyPart::kNumbers, 48));
static_assert(fixed_size<HistogramRawOp>() == 56);

static_assert(is_at(&PrCurveOp::thresholds, BodyPart::kWord, 0));
static_assert(is_at(&PrCurveOp::labels, BodyPart::kArray, 8));
static_assert(is_at(&PrCurveOp::predictions, BodyPart::kArray, 24));
static_assert(is_at(&PrCurveOp::weights, BodyPart::kArray, 40));
static_assert(fixed_size<PrCurveOp>() == 56);

static_assert(is_at(&PackedPrCurveOp::thresholds, BodyPart::kWord, 0));
static_assert(is_at(&PackedPrCurveOp::packed, BodyPart::kBytes, 8));
static_assert(fixed_size<PackedPrCurveOp>() == 16);

static_assert(is_at(&ImageOp::dataformats, BodyPart::kText, 0));
static_assert(is_at(&ImageOp::shape, BodyPart::kNumbers, 8));
static_assert(is_at(&ImageOp::pixels, BodyPart::kArray, 16));
static_assert(fixed_size<ImageOp>() == 32);

static_assert(is_at(&VideoOp::fps, BodyPart::kWord, 0));
static_assert(is_at(&VideoOp::shape, BodyPart::kNumbers, 8));
static_assert(is_at(&VideoOp::clips, BodyPart::kArray, 16));
static_assert(fixed_size<VideoOp>() == 32);

static_assert(is_at(&AudioOp::channels, BodyPart::kWord, 0));
static_assert(is_at(&AudioOp::sample_rate, BodyPart::kWord, 8));
static_assert(is_at(&AudioOp::samples, BodyPart::kArray, 16));
static_assert(fixed_size<AudioOp>() == 32);

static_assert(is_at(&EncodedImageOp::height, BodyPart::kWord, 0));
static_assert(is_at(&EncodedImageOp::width, BodyPart::kWord, 8));
static_assert(is_at(&EncodedImageOp::channels, BodyPart::kWord, 16));
static_assert(is_at(&EncodedImageOp::encoded, BodyPart::kBytes, 24));
static_assert(fixed_size<EncodedImageOp>() == 32);

static_assert(is_at(&TensorOp::type, BodyPart::kWord, 0));
static_assert(is_at(&TensorOp::has_shape, BodyPart::kWord, 8));
static_assert(is_at(&TensorOp::shape, BodyPart::kNumbers, 16));
static_assert(is_at(&TensorOp::plugin_name, BodyPart::kText, 24));
static_assert(is_at(&TensorOp::plugin_content, BodyPart::kBytes, 32));
static_assert(is_at(&TensorOp::display_name, BodyPart::kText, 40));
static_assert(is_at(&TensorOp::description, BodyPart::kText, 48));
static_assert(is_at(&TensorOp::data_class, BodyPart::kWord, 56));
static_assert(is_at(&TensorOp::elements, BodyPart::kArray, 64));
static_assert(is_at(&TensorOp::strings, BodyPart::kBytes, 80));
static_assert(fixed_size<TensorOp>() == 88);

}  // namespace
}  // namespace tickertape
