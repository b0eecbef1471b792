// Ops are written as bodies, encoded, and decoded again. The Python tests compare the bytes with protobuf's;
// here one Event is written by hand.
#include "event/encoder.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "check.h"
#include "event/decoder.h"
#include "event/op_body.h"
#include "event/tensor_decoder.h"
#include "protobuf/fields.h"
#include "protobuf/reader.h"

namespace tickertape {
namespace {

// An op, and the memory of its body.
template <typename Body>
struct Written {
  // One word more than the body, because GCC 12 warns that the vector might be empty and written to.
  explicit Written(OpKind kind, const Body& op) : bytes(body_size(op) / 8 + 1) {
    write_body(op, reinterpret_cast<std::uint8_t*>(bytes.data()));
    view.kind = kind;
    view.body = {reinterpret_cast<const std::uint8_t*>(bytes.data()), body_size(op)};
  }
  std::vector<std::uint64_t> bytes;
  OpView view;
};

ArraySource source(const std::vector<float>& values, std::ptrdiff_t& size, std::ptrdiff_t& stride) {
  size = static_cast<std::ptrdiff_t>(values.size());
  stride = sizeof(float);
  return {values.data(), DType::kFloat32, 1, &size, &stride};
}

ValueView only_value(const EventView& event) {
  protobuf::Field field;
  protobuf::Reader reader(event.content.bytes());
  CHECK(reader.next(field));
  return decode_value(field.bytes);
}

TEST(a_scalar_of_zeros_is_the_bytes_of_the_semantics_page) {
  OpView op;
  Buffer out;
  encode_event(op, "a", out);
  const std::array<std::uint8_t, 12> expected{0x2a, 0x0a, 0x0a, 0x08, 0x0a, 0x01, 0x61, 0x15, 0, 0, 0, 0};
  CHECK(std::equal(out.bytes().begin(), out.bytes().end(), expected.begin(), expected.end()));
}

TEST(scalars_of_every_style_come_back) {
  for (const ScalarStyle style :
       {ScalarStyle::kSimpleValue, ScalarStyle::kFloatTensor, ScalarStyle::kDoubleTensor}) {
    OpView op;
    op.style = style;
    op.value = 0.1;
    op.step = -5;
    op.wall_time = 12.5;
    Buffer out;
    encode_event(op, "loss/train", out);
    const EventView event = decode_event(out.bytes());
    CHECK_EQ(event.step, std::int64_t{-5});
    CHECK_EQ(event.wall_time, 12.5);
    const ValueView value = only_value(event);
    CHECK_EQ(value.tag, "loss/train");
    double scalar = 0;
    scalar = value.simple_value;
    if (value.kind == protobuf::value_field::kTensor) CHECK(decode_number(value.content.bytes(), scalar));
    CHECK_EQ(scalar, style == ScalarStyle::kDoubleTensor ? 0.1 : static_cast<double>(0.1F));
    CHECK_EQ(value.plugin_name, style == ScalarStyle::kSimpleValue ? "" : "scalars");
  }
}

TEST(a_histogram_reports_what_it_left_out) {
  const std::vector<float> values{1, 2, NAN, INFINITY, -INFINITY};
  std::ptrdiff_t size, stride;
  HistogramOp op;
  op.values.source = source(values, size, stride);
  const Written written(OpKind::kHistogram, op);
  Buffer out;
  const EncodeReport report = encode_event(written.view, "h", out);
  CHECK_EQ(report.nan_count, std::uint64_t{1});
  CHECK_EQ(report.infinite_count, std::uint64_t{2});
  CHECK_EQ(only_value(decode_event(out.bytes())).kind, protobuf::value_field::kHisto);
}

TEST(strided_arrays_are_gathered_into_the_body) {
  const std::vector<float> values{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const std::array<std::ptrdiff_t, 3> shape{2, 2, 2};
  const std::array<std::ptrdiff_t, 3> strides{24, -4,
                                              8};  // strides of a 3 x 4 array whose rows are read backwards
  HistogramOp op;
  op.values.source = {values.data() + 1, DType::kFloat32, 3, shape.data(), strides.data()};
  const Written written(OpKind::kHistogram, op);
  const ArrayView view = read_body<HistogramOp>(written.view).values.view;
  const std::vector<float> got(static_cast<const float*>(view.data),
                               static_cast<const float*>(view.data) + view.size);
  CHECK(got == (std::vector<float>{1, 3, 0, 2, 7, 9, 6, 8}));
}

TEST(string_tensors_keep_their_bytes) {
  Buffer strings;
  for (const std::string_view text : {"one", "", "three"}) {
    const std::uint64_t size = text.size();
    std::memcpy(strings.extend(8), &size, 8);
    strings.append(as_bytes(text));
  }
  const std::array<std::uint64_t, 1> shape{3};
  TensorOp op;
  op.type = protobuf::TensorType::kString;
  op.has_shape = 1;
  op.shape = shape;
  op.plugin_name = "text";
  op.elements.source = ArraySource::empty();
  op.strings = strings.bytes();
  const Written written(OpKind::kTensor, op);
  Buffer out;
  encode_event(written.view, "t", out);
  const ValueView value = only_value(decode_event(out.bytes()));
  CHECK_EQ(value.plugin_name, "text");
  std::vector<std::string> found;
  protobuf::Field field;
  for (protobuf::Reader reader(value.content.bytes()); reader.next(field);) {
    if (field.field == protobuf::tensor_field::kStringVal) found.emplace_back(field.text());
  }
  CHECK(found == (std::vector<std::string>{"one", "", "three"}));
}

// The fields of one sub-message by their number.
std::map<std::uint32_t, protobuf::Field> fields_of(Bytes message) {
  std::map<std::uint32_t, protobuf::Field> all;
  protobuf::Field field;
  for (protobuf::Reader reader(message); reader.next(field);) all[field.field] = field;
  return all;
}

TEST(a_video_carries_the_size_of_its_grid) {
  const std::vector<std::uint8_t> clips(3 * 2 * 1 * 4 * 5);
  const std::array<std::ptrdiff_t, 5> shape{3, 2, 1, 4, 5};
  const std::array<std::ptrdiff_t, 5> strides{40, 20, 20, 5, 1};
  const std::array<std::uint64_t, 5> axes{3, 2, 1, 4, 5};
  VideoOp op;
  op.fps = 4;
  op.shape = axes;
  op.clips.source = {clips.data(), DType::kUint8, 5, shape.data(), strides.data()};
  Written written(OpKind::kVideo, op);
  Buffer out;
  encode_event(written.view, "v", out);
  const ValueView value = only_value(decode_event(out.bytes()));
  CHECK_EQ(value.kind, protobuf::value_field::kImage);
  const auto image = fields_of(value.content.bytes());
  CHECK_EQ(image.at(protobuf::image_field::kHeight).number, std::uint64_t{4});
  CHECK_EQ(image.at(protobuf::image_field::kWidth).number, std::uint64_t{20});
  CHECK_EQ(image.at(protobuf::image_field::kEncodedImageString).text().substr(0, 6), "GIF89a");
}

TEST(an_audio_event_describes_its_file) {
  const std::vector<float> samples{0, 0.5F, 1, -1, 0.25F, 0};
  const std::array<std::ptrdiff_t, 2> shape{3, 2};
  const std::array<std::ptrdiff_t, 2> strides{8, 4};
  AudioOp op;
  op.channels = 2;
  op.sample_rate = 8000;
  op.samples.source = {samples.data(), DType::kFloat32, 2, shape.data(), strides.data()};
  Written written(OpKind::kAudio, op);
  Buffer out;
  encode_event(written.view, "a", out);
  const ValueView value = only_value(decode_event(out.bytes()));
  CHECK_EQ(value.kind, protobuf::value_field::kAudio);
  const auto audio = fields_of(value.content.bytes());
  CHECK_EQ(audio.at(protobuf::audio_field::kNumChannels).number, std::uint64_t{2});
  CHECK_EQ(audio.at(protobuf::audio_field::kLengthFrames).number, std::uint64_t{3});
  CHECK_EQ(audio.at(protobuf::audio_field::kEncodedAudioString).bytes.size(), std::size_t{44 + 12});
  CHECK_EQ(audio.at(protobuf::audio_field::kContentType).text(), "audio/wav");
}

TEST(a_packed_curve_encodes_the_same_event_as_its_arrays) {
  const std::vector<float> labels{0, 1, 1, 0, 1};
  const std::vector<float> predictions{0, 0.25F, 0.75F, 0.5F, 1};
  std::ptrdiff_t size = 0;
  std::ptrdiff_t stride = 0;
  static constexpr std::ptrdiff_t kNothing = 0;
  PrCurveOp arrays;
  arrays.thresholds = 5;
  arrays.labels.source = source(labels, size, stride);
  arrays.predictions.source = source(predictions, size, stride);
  arrays.weights.source = {nullptr, DType::kFloat64, 1, &kNothing, &kNothing};
  const std::array<std::uint8_t, 5> packed{0, 0x81, 0x83, 2, 0x84};
  PackedPrCurveOp bytes{5, packed};
  const Written from_arrays(OpKind::kPrCurve, arrays);
  const Written from_bytes(OpKind::kPackedPrCurve, bytes);
  Buffer expected;
  Buffer out;
  encode_event(from_arrays.view, "curve", expected);
  encode_event(from_bytes.view, "curve", out);
  CHECK(as_text(out.bytes()) == as_text(expected.bytes()));
  for (const std::uint64_t thresholds : {std::uint64_t{128}, std::uint64_t{1} << 32}) {
    bytes.thresholds = thresholds;
    CHECK_THROWS(DataError, encode_event(Written(OpKind::kPackedPrCurve, bytes).view, "curve", out));
  }
  bytes.thresholds = 0;
  CHECK_THROWS(ArgumentError, encode_event(Written(OpKind::kPackedPrCurve, bytes).view, "curve", out));
}

TEST(a_body_cut_off_at_every_word_is_a_data_error) {
  const std::vector<float> values{1, 2, 3};
  std::ptrdiff_t size, stride;
  HistogramOp op;
  op.values.source = source(values, size, stride);
  const Written written(OpKind::kHistogram, op);
  for (std::size_t bytes = 0; bytes < written.view.body.size(); bytes += 8) {
    OpView cut = written.view;
    cut.body = cut.body.first(bytes);
    Buffer out;
    CHECK_THROWS(DataError, encode_event(cut, "h", out));
  }
}

// The memory behind the body is not read.
TEST(an_event_that_no_reader_can_parse_is_refused) {
  const std::array<std::uint8_t, 1> byte{};
  for (const OpKind kind : {OpKind::kSummary, OpKind::kEvent}) {
    OpView view;
    view.kind = kind;
    view.body = {byte.data(), std::size_t{1} << 31};
    Buffer out;
    CHECK_THROWS(ArgumentError, encode_event(view, "t", out));
    CHECK_EQ(out.size(), 0U);
  }
}

TEST(the_version_event_has_what_readers_need) {
  Buffer out;
  encode_version_event(1.5, 7, out);
  const EventView event = decode_event(out.bytes());
  CHECK_EQ(event.what, protobuf::event_field::kFileVersion);
  CHECK_EQ(as_text(event.content.bytes()), "brain.Event:2");
  CHECK_EQ(event.step, std::int64_t{7});
}

}  // namespace
}  // namespace tickertape

TEST_MAIN()
