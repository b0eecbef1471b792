// The messages that an event file may hold. Field numbers from tensorboard/compat/proto/. L2.
#include "event/messages.h"

#include <array>

namespace tickertape::messages {

using protobuf::FieldKind;
using protobuf::FieldRule;
using protobuf::FieldSchema;
using protobuf::indices_of;
using protobuf::MessageSchema;

namespace {

// Two messages contain each other, so all are declared before their fields.
extern const MessageSchema kImage;
extern const MessageSchema kAudio;
extern const MessageSchema kHistogramProto;
extern const MessageSchema kPluginData;
extern const MessageSchema kTensorShapeProto;
extern const MessageSchema kDim;
extern const MessageSchema kResourceHandleProto;
extern const MessageSchema kDtypeAndShape;
extern const MessageSchema kVariantTensorDataProto;
extern const MessageSchema kSessionLog;
extern const MessageSchema kLogMessage;
extern const MessageSchema kTaggedRunMetadata;
extern const MessageSchema kSourceMetadata;

constexpr FieldSchema kEventFields[] = {
    {1, "wall_time", FieldKind::kDouble},
    {2, "step", FieldKind::kInt64},
    {3, "file_version", FieldKind::kString, FieldRule::kOneof},
    {4, "graph_def", FieldKind::kBytes, FieldRule::kOneof},
    {5, "summary", FieldKind::kMessage, FieldRule::kOneof, &kSummary},
    {6, "log_message", FieldKind::kMessage, FieldRule::kOneof, &kLogMessage},
    {7, "session_log", FieldKind::kMessage, FieldRule::kOneof, &kSessionLog},
    {8, "tagged_run_metadata", FieldKind::kMessage, FieldRule::kOneof, &kTaggedRunMetadata},
    {9, "meta_graph_def", FieldKind::kBytes, FieldRule::kOneof},
    {10, "source_metadata", FieldKind::kMessage, FieldRule::kSingle, &kSourceMetadata},
};

constexpr FieldSchema kSummaryFields[] = {
    {1, "value", FieldKind::kMessage, FieldRule::kRepeated, &kValue},
};

constexpr FieldSchema kValueFields[] = {
    {1, "tag", FieldKind::kString},
    {2, "simple_value", FieldKind::kFloat, FieldRule::kOneof},
    {3, "obsolete_old_style_histogram", FieldKind::kBytes, FieldRule::kOneof},
    {4, "image", FieldKind::kMessage, FieldRule::kOneof, &kImage},
    {5, "histo", FieldKind::kMessage, FieldRule::kOneof, &kHistogramProto},
    {6, "audio", FieldKind::kMessage, FieldRule::kOneof, &kAudio},
    {7, "node_name", FieldKind::kString},
    {8, "tensor", FieldKind::kMessage, FieldRule::kOneof, &kTensorProto},
    {9, "metadata", FieldKind::kMessage, FieldRule::kSingle, &kSummaryMetadata},
};

constexpr FieldSchema kImageFields[] = {
    {1, "height", FieldKind::kInt32},
    {2, "width", FieldKind::kInt32},
    {3, "colorspace", FieldKind::kInt32},
    {4, "encoded_image_string", FieldKind::kBytes},
};

constexpr FieldSchema kAudioFields[] = {
    {1, "sample_rate", FieldKind::kFloat},   {2, "num_channels", FieldKind::kInt64},
    {3, "length_frames", FieldKind::kInt64}, {4, "encoded_audio_string", FieldKind::kBytes},
    {5, "content_type", FieldKind::kString},
};

constexpr FieldSchema kHistogramProtoFields[] = {
    {1, "min", FieldKind::kDouble},
    {2, "max", FieldKind::kDouble},
    {3, "num", FieldKind::kDouble},
    {4, "sum", FieldKind::kDouble},
    {5, "sum_squares", FieldKind::kDouble},
    {6, "bucket_limit", FieldKind::kDouble, FieldRule::kRepeated},
    {7, "bucket", FieldKind::kDouble, FieldRule::kRepeated},
};

constexpr FieldSchema kSummaryMetadataFields[] = {
    {1, "plugin_data", FieldKind::kMessage, FieldRule::kSingle, &kPluginData},
    {2, "display_name", FieldKind::kString},
    {3, "summary_description", FieldKind::kString},
    {4, "data_class", FieldKind::kInt32},
};

constexpr FieldSchema kPluginDataFields[] = {
    {1, "plugin_name", FieldKind::kString},
    {2, "content", FieldKind::kBytes},
};

constexpr FieldSchema kTensorProtoFields[] = {
    {1, "dtype", FieldKind::kInt32},
    {2, "tensor_shape", FieldKind::kMessage, FieldRule::kSingle, &kTensorShapeProto},
    {3, "version_number", FieldKind::kInt32},
    {4, "tensor_content", FieldKind::kBytes},
    {5, "float_val", FieldKind::kFloat, FieldRule::kRepeated},
    {6, "double_val", FieldKind::kDouble, FieldRule::kRepeated},
    {7, "int_val", FieldKind::kInt32, FieldRule::kRepeated},
    {8, "string_val", FieldKind::kBytes, FieldRule::kRepeated},
    {9, "scomplex_val", FieldKind::kFloat, FieldRule::kRepeated},
    {10, "int64_val", FieldKind::kInt64, FieldRule::kRepeated},
    {11, "bool_val", FieldKind::kBool, FieldRule::kRepeated},
    {12, "dcomplex_val", FieldKind::kDouble, FieldRule::kRepeated},
    {13, "half_val", FieldKind::kInt32, FieldRule::kRepeated},
    {14, "resource_handle_val", FieldKind::kMessage, FieldRule::kRepeated, &kResourceHandleProto},
    {15, "variant_val", FieldKind::kMessage, FieldRule::kRepeated, &kVariantTensorDataProto},
    {16, "uint32_val", FieldKind::kUint32, FieldRule::kRepeated},
    {17, "uint64_val", FieldKind::kUint64, FieldRule::kRepeated},
    {18, "float8_val", FieldKind::kBytes},
};

constexpr FieldSchema kTensorShapeProtoFields[] = {
    {2, "dim", FieldKind::kMessage, FieldRule::kRepeated, &kDim},
    {3, "unknown_rank", FieldKind::kBool},
};

constexpr FieldSchema kDimFields[] = {
    {1, "size", FieldKind::kInt64},
    {2, "name", FieldKind::kString},
};

constexpr FieldSchema kResourceHandleProtoFields[] = {
    {1, "device", FieldKind::kString},
    {2, "container", FieldKind::kString},
    {3, "name", FieldKind::kString},
    {4, "hash_code", FieldKind::kUint64},
    {5, "maybe_type_name", FieldKind::kString},
    {6, "dtypes_and_shapes", FieldKind::kMessage, FieldRule::kRepeated, &kDtypeAndShape},
};

constexpr FieldSchema kDtypeAndShapeFields[] = {
    {1, "dtype", FieldKind::kInt32},
    {2, "shape", FieldKind::kMessage, FieldRule::kSingle, &kTensorShapeProto},
};

constexpr FieldSchema kVariantTensorDataProtoFields[] = {
    {1, "type_name", FieldKind::kString},
    {2, "metadata", FieldKind::kBytes},
    {3, "tensors", FieldKind::kMessage, FieldRule::kRepeated, &kTensorProto},
};

constexpr FieldSchema kSessionLogFields[] = {
    {1, "status", FieldKind::kInt32},
    {2, "checkpoint_path", FieldKind::kString},
    {3, "msg", FieldKind::kString},
};

constexpr FieldSchema kLogMessageFields[] = {
    {1, "level", FieldKind::kInt32},
    {2, "message", FieldKind::kString},
};

constexpr FieldSchema kTaggedRunMetadataFields[] = {
    {1, "tag", FieldKind::kString},
    {2, "run_metadata", FieldKind::kBytes},
};

constexpr FieldSchema kSourceMetadataFields[] = {
    {1, "writer", FieldKind::kString},
};

constexpr MessageSchema kImage{3, "Image", "summary.proto", "", kImageFields, indices_of(kImageFields)};
constexpr MessageSchema kAudio{4, "Audio", "summary.proto", "", kAudioFields, indices_of(kAudioFields)};
constexpr MessageSchema kHistogramProto{5,  "HistogramProto",      "histogram.proto",
                                        "", kHistogramProtoFields, indices_of(kHistogramProtoFields)};
constexpr MessageSchema kPluginData{7,  "PluginData",      "summary.proto",
                                    "", kPluginDataFields, indices_of(kPluginDataFields)};
constexpr MessageSchema kTensorShapeProto{9,  "TensorShapeProto",      "tensor_shape.proto",
                                          "", kTensorShapeProtoFields, indices_of(kTensorShapeProtoFields)};
constexpr MessageSchema kDim{10, "Dim", "tensor_shape.proto", "", kDimFields, indices_of(kDimFields)};
constexpr MessageSchema kResourceHandleProto{
    11, "ResourceHandleProto",      "resource_handle.proto",
    "", kResourceHandleProtoFields, indices_of(kResourceHandleProtoFields)};
constexpr MessageSchema kDtypeAndShape{12, "DtypeAndShape",      "resource_handle.proto",
                                       "", kDtypeAndShapeFields, indices_of(kDtypeAndShapeFields)};
constexpr MessageSchema kVariantTensorDataProto{
    13, "VariantTensorDataProto",      "tensor.proto",
    "", kVariantTensorDataProtoFields, indices_of(kVariantTensorDataProtoFields)};
constexpr MessageSchema kSessionLog{14, "SessionLog",      "event.proto",
                                    "", kSessionLogFields, indices_of(kSessionLogFields)};
constexpr MessageSchema kLogMessage{15, "LogMessage",      "event.proto",
                                    "", kLogMessageFields, indices_of(kLogMessageFields)};
constexpr MessageSchema kTaggedRunMetadata{
    16, "TaggedRunMetadata",      "event.proto",
    "", kTaggedRunMetadataFields, indices_of(kTaggedRunMetadataFields)};
constexpr MessageSchema kSourceMetadata{17, "SourceMetadata",      "event.proto",
                                        "", kSourceMetadataFields, indices_of(kSourceMetadataFields)};

}  // namespace

constexpr MessageSchema kEvent{0, "Event", "event.proto", "what", kEventFields, indices_of(kEventFields)};
constexpr MessageSchema kSummary{1,  "Summary",      "summary.proto",
                                 "", kSummaryFields, indices_of(kSummaryFields)};
constexpr MessageSchema kValue{2, "Value", "summary.proto", "value", kValueFields, indices_of(kValueFields)};
constexpr MessageSchema kSummaryMetadata{6,  "SummaryMetadata",      "summary.proto",
                                         "", kSummaryMetadataFields, indices_of(kSummaryMetadataFields)};
constexpr MessageSchema kTensorProto{8,  "TensorProto",      "tensor.proto",
                                     "", kTensorProtoFields, indices_of(kTensorProtoFields)};

namespace {

constexpr std::array kAll{&kEvent,
                          &kSummary,
                          &kValue,
                          &kImage,
                          &kAudio,
                          &kHistogramProto,
                          &kSummaryMetadata,
                          &kPluginData,
                          &kTensorProto,
                          &kTensorShapeProto,
                          &kDim,
                          &kResourceHandleProto,
                          &kDtypeAndShape,
                          &kVariantTensorDataProto,
                          &kSessionLog,
                          &kLogMessage,
                          &kTaggedRunMetadata,
                          &kSourceMetadata};

constexpr bool ids_are_indices() {
  for (std::size_t i = 0; i < kAll.size(); ++i) {
    if (kAll[i]->id != i) return false;
  }
  return true;
}
static_assert(ids_are_indices());

}  // namespace

std::span<const MessageSchema* const> all() { return kAll; }

}  // namespace tickertape::messages
