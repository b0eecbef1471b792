// Packs predictions and labels block by block: the portable loops, and the choice of the implementation at
// run time. L1.
#include "codec/pr_curve/packed.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "array/array_block.h"
#include "base/cpu.h"
#include "base/error.h"
#include "codec/pr_curve/buckets.h"
#include "codec/pr_curve/pack.h"
#include "codec/pr_curve/pr_curve.h"

namespace tickertape {
namespace pr_curve_impl {
namespace {

// The bits of the value 1. The value 0 is all zeros in every type.
std::uint64_t bits_of_one(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return 0x3c00;
    case DType::kBfloat16:
      return 0x3f80;
    case DType::kFloat32:
      return std::bit_cast<std::uint32_t>(1.0F);
    case DType::kFloat64:
      return std::bit_cast<std::uint64_t>(1.0);
    default:
      return 1;
  }
}

// Takes at most kBlockSize predictions. Returns false if one is outside [0, 1].
template <typename Value>
bool put_indices(const Value* predictions, std::size_t count, Scale<Value> scale, std::uint8_t* to) {
  std::array<Value, kBlockSize> block;  // a copy: another thread may change `predictions` meanwhile
  std::copy_n(predictions, count, block.begin());
  constexpr DType kDtype = std::is_same_v<Value, float> ? DType::kFloat32 : DType::kFloat64;
  if (first_outside_unit_interval({block.data(), count, kDtype})) return false;  // may not fit in int32
  for (std::size_t i = 0; i < count; ++i)
    to[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(scaled(block[i], scale)));
  return true;
}

// Tests one bit of the label with arithmetic. The compiler could turn a comparison into a branch, which would
// be mispredicted half of the time.
template <typename Label>
bool add_positives(const std::uint8_t* labels, Label one, std::size_t count, std::uint8_t* to) {
  const int bit = std::countr_zero(one);
  Label other = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Label label;
    std::memcpy(&label, labels + i * sizeof label, sizeof label);
    const auto positive = static_cast<Label>(Label{0} - (static_cast<Label>(label >> bit) & Label{1}));
    other = static_cast<Label>(other | (label ^ (positive & one)));
    to[i] = static_cast<std::uint8_t>(to[i] | (positive & kPackedPositive));
  }
  return other == 0;
}

bool add_positives(LabelBits labels, std::size_t count, std::uint8_t* to) {
  switch (labels.item) {
    case 1:
      return add_positives(labels.data, static_cast<std::uint8_t>(labels.one), count, to);
    case 2:
      return add_positives(labels.data, static_cast<std::uint16_t>(labels.one), count, to);
    case 4:
      return add_positives(labels.data, static_cast<std::uint32_t>(labels.one), count, to);
    default:
      return add_positives(labels.data, labels.one, count, to);
  }
}

bool pack_block(ArrayView labels, ArrayView predictions, std::size_t from, std::size_t count,
                std::size_t thresholds, std::uint8_t* to) {
  const std::size_t item = item_size(labels.dtype);
  const LabelBits bits{static_cast<const std::uint8_t*>(labels.data) + from * item, item,
                       bits_of_one(labels.dtype)};
  bool all_fine = true;
  with_block(predictions, from, count, [&]<typename Value>(const Value* block, std::size_t size) {
    const auto scale = scale_of<Value>(predictions.dtype, thresholds);
    std::size_t done = 0;
#if defined(__x86_64__)
    if (has_cpu_feature(CpuFeature::kAvx512)) {
      done = pack_avx512(block, bits, size, scale, to, all_fine);
    } else if (has_cpu_feature(CpuFeature::kAvx2)) {
      done = pack_avx2(block, bits, size, scale, to, all_fine);
    }
#endif
    const LabelBits rest{bits.data + done * item, item, bits.one};
    all_fine &= put_indices(block + done, size - done, scale, to + done);
    all_fine &= add_positives(rest, size - done, to + done);
  });
  return all_fine;
}

}  // namespace

bool pack_elements(ArrayView labels, ArrayView predictions, std::size_t from, std::size_t count,
                   std::size_t thresholds, std::uint8_t* to) {
  for (std::size_t done = 0; done < count; done += kBlockSize) {
    const std::size_t size = std::min(kBlockSize, count - done);
    if (!pack_block(labels, predictions, from + done, size, thresholds, to + done)) return false;
  }
  return true;
}

// Consecutive bytes use different tables, so that equal predictions in sequence wait less for each other's
// increment. Measured on 10,000: four tables of 64 bits take 3.4 us, but 6.5 us if all are equal; eight of 16
// bits take 3.4 us in both cases.
void PackedCounts::add(Bytes packed) {
  constexpr std::size_t kTables = 8;
  constexpr std::size_t kMaxAtOnce = kTables * std::numeric_limits<std::uint16_t>::max();
  for (; packed.size() > kMaxAtOnce; packed = packed.subspan(kMaxAtOnce)) add(packed.first(kMaxAtOnce));
  std::array<std::array<std::uint16_t, kBytes>, kTables> tables{};
  const std::uint8_t* bytes = packed.data();
  const std::size_t even = packed.size() - packed.size() % kTables;
  for (std::size_t i = 0; i < even; i += kTables) {
    for (std::size_t table = 0; table < kTables; ++table) ++tables[table][bytes[i + table]];
  }
  for (std::size_t i = even; i < packed.size(); ++i) ++tables[i - even][bytes[i]];
  for (std::size_t byte = 0; byte < kBytes; ++byte) {
    std::uint32_t sum = 0;
    for (const auto& table : tables) sum += table[byte];
    counts_[byte] += sum;
  }
}

Buckets PackedCounts::buckets(std::size_t thresholds) const {
  Buckets buckets(thresholds);
  for (std::size_t i = 0; i < thresholds; ++i) {
    buckets.negative[i] = static_cast<double>(counts_[i]);
    buckets.positive[i] = static_cast<double>(counts_[kPackedPositive | i]);
  }
  return buckets;
}

}  // namespace pr_curve_impl

bool pack_predictions(ArrayView labels, ArrayView predictions, std::uint32_t thresholds, std::uint8_t* to) {
  if (labels.size != predictions.size)
    throw ArgumentError("labels, predictions: expected the same number of elements, got different ones");
  return pr_curve_impl::pack_elements(labels, predictions, 0, predictions.size, thresholds, to);
}

}  // namespace tickertape
