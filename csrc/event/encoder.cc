// Encodes ops as Events: scalars, histograms, PR curves and ready-made messages. L2.
#include "event/encoder.h"

#include <array>
#include <optional>
#include <vector>

#include "codec/histogram/histogram.h"
#include "codec/pr_curve/packed.h"
#include "codec/pr_curve/pr_curve.h"
#include "event/event_envelope.h"
#include "event/media_encoder.h"
#include "event/op_body.h"
#include "event/tensor_encoder.h"

namespace tickertape {

using namespace event_envelope;
using namespace protobuf;

namespace {

// --- Scalars ---

// torch writes a new-style scalar as a tensor without a shape.
std::size_t scalar_tensor_size(ScalarStyle style) {
  const bool is_double = style == ScalarStyle::kDoubleTensor;
  const std::size_t value = length_field_size(tensor_field::kFloatVal, is_double ? 8 : 4);
  return varint_field_size(tensor_field::kDtype, 1) + value;
}

std::size_t scalar_content_size(ScalarStyle style, const Metadata& metadata) {
  if (style == ScalarStyle::kSimpleValue)
    return fixed32_field_size(value_field::kSimpleValue) + metadata.field_size();
  return length_field_size(value_field::kTensor, scalar_tensor_size(style)) + metadata.field_size();
}

void put_scalar(Writer& writer, ScalarStyle style, double value, const Metadata& metadata) {
  if (style == ScalarStyle::kSimpleValue) {
    // simple_value is a member of a oneof, so 0.0 is written like any other number.
    writer.float_field(value_field::kSimpleValue, static_cast<float>(value));
  } else {
    writer.length_field(value_field::kTensor, scalar_tensor_size(style));
    if (style == ScalarStyle::kFloatTensor) {
      writer.varint_field(tensor_field::kDtype, static_cast<std::uint64_t>(TensorType::kFloat));
      writer.length_field(tensor_field::kFloatVal, 4);
      writer.raw_float(static_cast<float>(value));
    } else {
      writer.varint_field(tensor_field::kDtype, static_cast<std::uint64_t>(TensorType::kDouble));
      writer.length_field(tensor_field::kDoubleVal, 8);
      writer.raw_double(value);
    }
  }
  metadata.put(writer);
}

void encode_scalar(const OpView& op, std::string_view tag, Buffer& out) {
  Metadata metadata;
  if (op.style != ScalarStyle::kSimpleValue) metadata.plugin_name = "scalars";
  append_value_event(op, tag, scalar_content_size(op.style, metadata), out,
                     [&](Writer& writer) { put_scalar(writer, op.style, op.value, metadata); });
}

// --- Histograms ---

struct HistogramFields {
  double min, max, num, sum, sum_squares;
  std::span<const double> limits, counts;
};

void encode_histogram_fields(const OpView& op, std::string_view tag, const HistogramFields& h, Buffer& out) {
  using namespace histogram_field;
  const auto packed_size = [](std::uint32_t field, std::span<const double> values) {
    return values.empty() ? 0 : length_field_size(field, values.size_bytes());
  };
  const std::size_t histo = double_size(kMin, h.min) + double_size(kMax, h.max) + double_size(kNum, h.num) +
                            double_size(kSum, h.sum) + double_size(kSumSquares, h.sum_squares) +
                            packed_size(kBucketLimit, h.limits) + packed_size(kBucket, h.counts);
  append_value_event(op, tag, length_field_size(value_field::kHisto, histo), out, [&](Writer& writer) {
    writer.length_field(value_field::kHisto, histo);
    put_double(writer, kMin, h.min);
    put_double(writer, kMax, h.max);
    put_double(writer, kNum, h.num);
    put_double(writer, kSum, h.sum);
    put_double(writer, kSumSquares, h.sum_squares);
    if (!h.limits.empty()) writer.packed_doubles_field(kBucketLimit, h.limits);
    if (!h.counts.empty()) writer.packed_doubles_field(kBucket, h.counts);
  });
}

Histogram count(const HistogramOp& op, Executor* executor) {
  const auto max_bins = op.max_bins != 0 ? std::optional(op.max_bins) : std::nullopt;
  switch (op.bins) {
    case HistogramOp::Bins::kTensorflow:
      return tensorflow_histogram(op.values.view, max_bins, executor);
    case HistogramOp::Bins::kUniform:
      return uniform_histogram(op.values.view, op.bin_count, max_bins);
    case HistogramOp::Bins::kEdges:
      return histogram_between(op.values.view, op.edges, max_bins);
  }
  throw DataError(0, "unknown kind of bins in op body");
}

EncodeReport encode_histogram(const OpView& op, std::string_view tag, Buffer& out, Executor* executor) {
  const Histogram h = count(read_body<HistogramOp>(op), executor);
  encode_histogram_fields(op, tag,
                          {h.min, h.max, h.num, h.sum, h.sum_squares, h.bucket_limits, h.bucket_counts}, out);
  return {h.nan_count, h.infinite_count, {}};
}

EncodeReport encode_histogram_counts(const OpView& op, std::string_view tag, Buffer& out) {
  const auto body = read_body<HistogramCountsOp>(op);
  if (item_size(body.words.view.dtype) != sizeof(std::uint64_t))
    throw DataError(0, "counts are no 64-bit words");
  const std::span words{static_cast<const std::uint64_t*>(body.words.view.data), body.words.view.size};
  const Histogram h =
      counted_histogram(words, body.max_bins != 0 ? std::optional(body.max_bins) : std::nullopt);
  encode_histogram_fields(op, tag,
                          {h.min, h.max, h.num, h.sum, h.sum_squares, h.bucket_limits, h.bucket_counts}, out);
  return {h.nan_count, h.infinite_count, {}};
}

void encode_histogram_raw(const OpView& op, std::string_view tag, Buffer& out) {
  const auto h = read_body<HistogramRawOp>(op);
  encode_histogram_fields(op, tag,
                          {h.min, h.max, h.num, h.sum, h.sum_squares, h.bucket_limits, h.bucket_counts}, out);
}

// --- PR curves ---

void encode_curve_rows(const OpView& op, std::string_view tag, const std::vector<double>& rows, Buffer& out) {
  const std::vector<float> values(rows.begin(), rows.end());
  const std::array<std::uint64_t, 2> shape{6, rows.size() / 6};
  std::array<std::uint8_t, 1 + kMaxVarintBytes> content;
  Writer content_writer(content.data());
  content_writer.varint_field(pr_curve_field::kNumThresholds, shape[1]);
  TensorOp tensor;
  tensor.has_shape = 1;
  tensor.shape = shape;
  tensor.plugin_name = "pr_curves";
  tensor.plugin_content = {content.data(), content_writer.position()};
  tensor.elements.view = {values.data(), values.size(), DType::kFloat32};
  encode_tensor(op, tag, tensor, out);
}

std::uint32_t to_thresholds(std::uint64_t word) {
  if (word > kMaxPrThresholds) throw DataError(0, "too many thresholds in op body");
  return static_cast<std::uint32_t>(word);
}

void encode_pr_curve(const OpView& op, std::string_view tag, Buffer& out) {
  const auto body = read_body<PrCurveOp>(op);
  const std::uint32_t thresholds = to_thresholds(body.thresholds);
  // The bindings check values that are known at the call. This checks deferred values.
  if (first_outside_unit_interval(body.predictions.view))
    throw ArgumentError("predictions: expected values in [0, 1], got others");
  encode_curve_rows(op, tag, pr_curve(body.labels.view, body.predictions.view, body.weights.view, thresholds),
                    out);
}

void encode_packed_pr_curve(const OpView& op, std::string_view tag, Buffer& out) {
  const auto body = read_body<PackedPrCurveOp>(op);
  encode_curve_rows(op, tag, packed_pr_curve(body.packed, to_thresholds(body.thresholds)), out);
}

// --- Ready-made messages ---

void encode_summary(const OpView& op, Buffer& out) {
  const std::size_t size =
      head_size(op.wall_time, op.step) + length_field_size(event_field::kSummary, op.body.size());
  check_event_size(size);
  Writer writer(out.reserve_back(size));
  put_head(writer, op.wall_time, op.step);
  writer.bytes_field(event_field::kSummary, op.body);
  out.commit(size);
}

}  // namespace

EncodeReport encode_event(const OpView& op, std::string_view tag, Buffer& out, Executor* executor) {
  switch (op.kind) {
    case OpKind::kPad:
      break;
    case OpKind::kScalar:
      encode_scalar(op, tag, out);
      break;
    case OpKind::kHistogram:
      return encode_histogram(op, tag, out, executor);
    case OpKind::kHistogramCounts:
      return encode_histogram_counts(op, tag, out);
    case OpKind::kHistogramRaw:
      encode_histogram_raw(op, tag, out);
      break;
    case OpKind::kPrCurve:
      encode_pr_curve(op, tag, out);
      break;
    case OpKind::kPackedPrCurve:
      encode_packed_pr_curve(op, tag, out);
      break;
    case OpKind::kImage:
      return {0, 0, encode_image(op, tag, out, executor)};
    case OpKind::kEncodedImage:
      encode_encoded_image(op, tag, out);
      break;
    case OpKind::kVideo:
      return {0, 0, encode_video(op, tag, out)};
    case OpKind::kAudio:
      encode_audio(op, tag, out);
      break;
    case OpKind::kTensor:
      encode_tensor(op, tag, read_body<TensorOp>(op), out);
      break;
    case OpKind::kSummary:
      encode_summary(op, out);
      break;
    case OpKind::kEvent:
      check_event_size(op.body.size());
      out.append(op.body);
      break;
  }
  return {};
}

bool is_heavy(const OpView& op) {
  // Passing an op to another thread takes about 5 us, and so does the histogram of 2,000 doubles. For smaller
  // ops it costs more than it saves.
  constexpr std::size_t kWorthAThread = std::size_t{16} << 10;
  const bool computes = op.kind == OpKind::kHistogram || op.kind == OpKind::kPrCurve ||
                        op.kind == OpKind::kPackedPrCurve || op.kind == OpKind::kImage ||
                        op.kind == OpKind::kVideo || op.kind == OpKind::kAudio;
  return computes && (op.is_in_place || op.body.size() >= kWorthAThread);
}

void encode_version_event(double wall_time, std::int64_t step, Buffer& out) {
  static constexpr std::string_view kVersion = "brain.Event:2";
  static constexpr std::string_view kWriter = "tickertape";
  const std::size_t source = length_field_size(source_metadata_field::kWriter, kWriter.size());
  const std::size_t size = head_size(wall_time, step) +
                           length_field_size(event_field::kFileVersion, kVersion.size()) +
                           length_field_size(event_field::kSourceMetadata, source);
  Writer writer(out.reserve_back(size));
  put_head(writer, wall_time, step);
  writer.text_field(event_field::kFileVersion, kVersion);
  writer.length_field(event_field::kSourceMetadata, source);
  writer.text_field(source_metadata_field::kWriter, kWriter);
  out.commit(size);
}

void encode_session_start_event(double wall_time, std::int64_t step, Buffer& out) {
  const std::size_t log = varint_field_size(session_log_field::kStatus, session_log_field::kStart);
  const std::size_t size = head_size(wall_time, step) + length_field_size(event_field::kSessionLog, log);
  Writer writer(out.reserve_back(size));
  put_head(writer, wall_time, step);
  writer.length_field(event_field::kSessionLog, log);
  writer.varint_field(session_log_field::kStatus, session_log_field::kStart);
  out.commit(size);
}

std::size_t encode_described_scalar(std::string_view tag, double value, ScalarStyle style,
                                    std::string_view display_name, std::string_view description,
                                    Buffer& out) {
  Metadata metadata;
  if (style != ScalarStyle::kSimpleValue) metadata.plugin_name = "scalars";
  metadata.display_name = display_name;
  metadata.description = description;
  const std::size_t content = text_size(value_field::kTag, tag) + scalar_content_size(style, metadata);
  const std::size_t size = length_field_size(summary_field::kValue, content);
  Writer writer(out.reserve_back(size));
  writer.length_field(summary_field::kValue, content);
  put_text(writer, value_field::kTag, tag);
  put_scalar(writer, style, value, metadata);
  out.commit(size);
  // The metadata is at the end, and the value is right before it.
  return size - metadata.field_size() - (style == ScalarStyle::kDoubleTensor ? 8 : 4);
}

}  // namespace tickertape
