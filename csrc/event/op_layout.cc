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

enum class Part : std::uint8_t { kNone, kWord, kBytes, kText, kNumbers, kArray };

// Walks the layout() of a body whose variable parts are all empty, and finds one member of the op.
class MemberFinder {
 public:
  constexpr explicit MemberFinder(const void* member) : member_(member) {}

  constexpr void word(const auto& content) { add(&content, Part::kWord, kBodyWordBytes); }
  constexpr void bytes(const Bytes& content) { add(&content, Part::kBytes, kBodyWordBytes); }
  constexpr void text(const std::string_view& content) { add(&content, Part::kText, kBodyWordBytes); }
  template <typename T>
  constexpr void numbers(const std::span<T>& content) {
    static_assert(sizeof(T) == kBodyWordBytes);
    add(&content, Part::kNumbers, kBodyWordBytes);
  }
  constexpr void array(const BodyArray& content) { add(&content, Part::kArray, 2 * kBodyWordBytes); }

  constexpr bool is_at(Part part, std::size_t offset) const { return part_ == part && offset_ == offset; }
  constexpr std::size_t size() const { return size_; }

 private:
  constexpr void add(const void* content, Part part, std::size_t bytes) {
    if (content == member_) {
      part_ = part;
      offset_ = size_;
    }
    size_ += bytes;
  }
  const void* member_;
  Part part_ = Part::kNone;
  std::size_t offset_ = 0, size_ = 0;
};

// True if `member` is a part of this kind, `offset` bytes from the start of a body whose variable parts are
// empty.
template <typename Op, typename Member>
consteval bool is_at(Member Op::* member, Part part, std::size_t offset) {
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

static_assert(is_at(&HistogramOp::bins, Part::kWord, 0));
static_assert(is_at(&HistogramOp::bin_count, Part::kWord, 8));
static_assert(is_at(&HistogramOp::edges, Part::kNumbers, 16));
static_assert(is_at(&HistogramOp::max_bins, Part::kWord, 24));
static_assert(is_at(&HistogramOp::values, Part::kArray, 32));
static_assert(fixed_size<HistogramOp>() == 48);

static_assert(is_at(&HistogramCountsOp::max_bins, Part::kWord, 0));
static_assert(is_at(&HistogramCountsOp::words, Part::kArray, 8));
static_assert(fixed_size<HistogramCountsOp>() == 24);

static_assert(is_at(&HistogramRawOp::min, Part::kWord, 0));
static_assert(is_at(&HistogramRawOp::max, Part::kWord, 8));
static_assert(is_at(&HistogramRawOp::num, Part::kWord, 16));
static_assert(is_at(&HistogramRawOp::sum, Part::kWord, 24));
static_assert(is_at(&HistogramRawOp::sum_squares, Part::kWord, 32));
static_assert(is_at(&HistogramRawOp::bucket_limits, Part::kNumbers, 40));
static_assert(is_at(&HistogramRawOp::bucket_counts, Part::kNumbers, 48));
static_assert(fixed_size<HistogramRawOp>() == 56);

static_assert(is_at(&PrCurveOp::thresholds, Part::kWord, 0));
static_assert(is_at(&PrCurveOp::labels, Part::kArray, 8));
static_assert(is_at(&PrCurveOp::predictions, Part::kArray, 24));
static_assert(is_at(&PrCurveOp::weights, Part::kArray, 40));
static_assert(fixed_size<PrCurveOp>() == 56);

static_assert(is_at(&PackedPrCurveOp::thresholds, Part::kWord, 0));
static_assert(is_at(&PackedPrCurveOp::packed, Part::kBytes, 8));
static_assert(fixed_size<PackedPrCurveOp>() == 16);

static_assert(is_at(&ImageOp::dataformats, Part::kText, 0));
static_assert(is_at(&ImageOp::shape, Part::kNumbers, 8));
static_assert(is_at(&ImageOp::pixels, Part::kArray, 16));
static_assert(fixed_size<ImageOp>() == 32);

static_assert(is_at(&VideoOp::fps, Part::kWord, 0));
static_assert(is_at(&VideoOp::shape, Part::kNumbers, 8));
static_assert(is_at(&VideoOp::clips, Part::kArray, 16));
static_assert(fixed_size<VideoOp>() == 32);

static_assert(is_at(&AudioOp::channels, Part::kWord, 0));
static_assert(is_at(&AudioOp::sample_rate, Part::kWord, 8));
static_assert(is_at(&AudioOp::samples, Part::kArray, 16));
static_assert(fixed_size<AudioOp>() == 32);

static_assert(is_at(&EncodedImageOp::height, Part::kWord, 0));
static_assert(is_at(&EncodedImageOp::width, Part::kWord, 8));
static_assert(is_at(&EncodedImageOp::channels, Part::kWord, 16));
static_assert(is_at(&EncodedImageOp::encoded, Part::kBytes, 24));
static_assert(fixed_size<EncodedImageOp>() == 32);

static_assert(is_at(&TensorOp::type, Part::kWord, 0));
static_assert(is_at(&TensorOp::has_shape, Part::kWord, 8));
static_assert(is_at(&TensorOp::shape, Part::kNumbers, 16));
static_assert(is_at(&TensorOp::plugin_name, Part::kText, 24));
static_assert(is_at(&TensorOp::plugin_content, Part::kBytes, 32));
static_assert(is_at(&TensorOp::display_name, Part::kText, 40));
static_assert(is_at(&TensorOp::description, Part::kText, 48));
static_assert(is_at(&TensorOp::data_class, Part::kWord, 56));
static_assert(is_at(&TensorOp::elements, Part::kArray, 64));
static_assert(is_at(&TensorOp::strings, Part::kBytes, 80));
static_assert(fixed_size<TensorOp>() == 88);

}  // namespace
}  // namespace tickertape
