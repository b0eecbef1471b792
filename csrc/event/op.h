// An op: one call of add_*, as the op ring stores it until it is encoded. L2.
//
// An op is a 32-byte header and, except for scalars, a body. After kill -9 another process reads both, so
// their layout is part of the ring's format. Whoever changes it raises kOpLayoutVersion and runs
// tests/golden/make_rings.py.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "array/array.h"
#include "array/gather.h"
#include "base/bytes.h"
#include "protobuf/fields.h"

namespace tickertape {

inline constexpr std::uint32_t kOpLayoutVersion = 2;

// protobuf's limit for a message. Its readers refuse an Event that is larger.
inline constexpr std::uint64_t kMaxEventBytes = (std::uint64_t{1} << 31) - 1;

enum class OpKind : std::uint8_t {
  kPad = 0,     // unused room; only the ring writes it
  kScalar = 1,  // no body: the value is in the header
  kHistogram = 2,
  kHistogramRaw = 3,
  kPrCurve = 4,
  kImage = 5,
  kEncodedImage = 6,
  kTensor = 7,
  kSummary = 8,  // a serialised Summary
  kEvent = 9,    // a serialised Event
  kVideo = 10,
  kAudio = 11,
  kHistogramCounts = 12,  // a histogram that a device has counted
  kPackedPrCurve = 13,
};
inline constexpr OpKind kLastOpKind = OpKind::kPackedPrCurve;  // larger numbers are invalid

// How a scalar is encoded: as simple_value, or as a tensor for TensorBoard's time series ("new style").
enum class ScalarStyle : std::uint8_t { kSimpleValue = 0, kFloatTensor = 1, kDoubleTensor = 2 };

// An op as the encoder sees it. Its spans point into the ring.
struct OpView {
  OpKind kind = OpKind::kScalar;
  ScalarStyle style = ScalarStyle::kSimpleValue;
  std::int64_t step = 0;
  double wall_time = 0;
  double value = 0;  // kScalar
  Bytes body;        // every other kind
  // True if the body has the addresses of its arrays instead of their elements (InPlaceWriter in op_body.h).
  // Never true for an op of another process.
  bool is_in_place = false;
};

// --- Bodies ---
//
// Each body states its layout once, in layout(io), which BodySizer, BodyWriter and BodyReader (op_body.h)
// use. Bodies do not own their spans and pointers: these point to the caller's memory before the op is
// written and into the ring after it is read.

// An array that is copied into the body in C order. The codecs use `view`.
struct BodyArray {
  ArraySource source;  // before writing
  ArrayView view;      // after reading
};

struct HistogramOp {
  enum class Bins : std::uint64_t { kTensorflow = 0, kUniform = 1, kEdges = 2 };
  Bins bins = Bins::kTensorflow;
  std::uint64_t bin_count = 0;    // kUniform
  std::span<const double> edges;  // kEdges
  std::uint64_t max_bins = 0;     // 0: no limit
  BodyArray values;

  constexpr void layout(auto& io) {
    io.word(bins);
    io.word(bin_count);
    io.numbers(edges);
    io.word(max_bins);
    io.array(values);
  }
};

struct HistogramCountsOp {
  std::uint64_t max_bins = 0;  // 0: no limit
  BodyArray words;             // see counted_histogram() in codec/histogram/histogram.h

  constexpr void layout(auto& io) {
    io.word(max_bins);
    io.array(words);
  }
};

struct HistogramRawOp {
  double min = 0, max = 0, num = 0, sum = 0, sum_squares = 0;
  std::span<const double> bucket_limits, bucket_counts;

  constexpr void layout(auto& io) {
    io.word(min);
    io.word(max);
    io.word(num);
    io.word(sum);
    io.word(sum_squares);
    io.numbers(bucket_limits);
    io.numbers(bucket_counts);
  }
};

struct PrCurveOp {
  std::uint64_t thresholds = 0;
  BodyArray labels, predictions, weights;  // weights of size 0: all ones

  constexpr void layout(auto& io) {
    io.word(thresholds);
    io.array(labels);
    io.array(predictions);
    io.array(weights);
  }
};

// A PrCurveOp whose labels and predictions pack_predictions() (codec/pr_curve/packed.h) has packed.
struct PackedPrCurveOp {
  std::uint64_t thresholds = 0;
  Bytes packed;

  constexpr void layout(auto& io) {
    io.word(thresholds);
    io.bytes(packed);
  }
};

struct ImageOp {
  std::string_view dataformats;  // if it contains N, the images form a grid
  std::span<const std::uint64_t> shape;
  BodyArray pixels;

  constexpr void layout(auto& io) {
    io.text(dataformats);
    io.numbers(shape);
    io.array(pixels);
  }
};

struct VideoOp {
  double fps = 0;
  std::span<const std::uint64_t> shape;  // NTCHW
  BodyArray clips;

  constexpr void layout(auto& io) {
    io.word(fps);
    io.numbers(shape);
    io.array(clips);
  }
};

struct AudioOp {
  std::uint64_t channels = 0, sample_rate = 0;
  BodyArray samples;  // [frames, channels]

  constexpr void layout(auto& io) {
    io.word(channels);
    io.word(sample_rate);
    io.array(samples);
  }
};

struct EncodedImageOp {
  std::uint64_t height = 0, width = 0, channels = 0;
  Bytes encoded;

  constexpr void layout(auto& io) {
    io.word(height);
    io.word(width);
    io.word(channels);
    io.bytes(encoded);
  }
};

struct TensorOp {
  protobuf::TensorType type = protobuf::TensorType::kFloat;
  std::uint64_t has_shape = 0;
  std::span<const std::uint64_t> shape;
  std::string_view plugin_name;
  Bytes plugin_content;
  std::string_view display_name, description;
  std::uint64_t data_class = 0;
  BodyArray elements;  // bits of the type's size; a complex number is two elements of half its size
  Bytes strings;       // kString: a 64-bit length before each string; not aligned

  constexpr void layout(auto& io) {
    io.word(type);
    io.word(has_shape);
    io.numbers(shape);
    io.text(plugin_name);
    io.bytes(plugin_content);
    io.text(display_name);
    io.text(description);
    io.word(data_class);
    io.array(elements);
    io.bytes(strings);
  }
};

}  // namespace tickertape
