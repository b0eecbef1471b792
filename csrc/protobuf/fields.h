// Field numbers of the protobuf messages that the event encoder and decoder use. L1. Each block names its
// .proto file; the path is tensorboard/compat/proto/ unless another one is given.
#pragma once

#include <cstdint>

namespace tickertape::protobuf {

namespace event_field {                        // event.proto, message Event
inline constexpr std::uint32_t kWallTime = 1;  // double
inline constexpr std::uint32_t kStep = 2;      // int64
inline constexpr std::uint32_t kFileVersion = 3;
inline constexpr std::uint32_t kGraphDef = 4;
inline constexpr std::uint32_t kSummary = 5;
inline constexpr std::uint32_t kLogMessage = 6;
inline constexpr std::uint32_t kSessionLog = 7;
inline constexpr std::uint32_t kTaggedRunMetadata = 8;
inline constexpr std::uint32_t kMetaGraphDef = 9;
inline constexpr std::uint32_t kSourceMetadata = 10;
}  // namespace event_field

namespace source_metadata_field {  // event.proto, message SourceMetadata
inline constexpr std::uint32_t kWriter = 1;
}

namespace session_log_field {  // event.proto, message SessionLog
inline constexpr std::uint32_t kStatus = 1;
inline constexpr std::uint64_t kStart = 1;  // enum SessionStatus
}  // namespace session_log_field

namespace run_metadata_field {  // event.proto, message TaggedRunMetadata
inline constexpr std::uint32_t kTag = 1;
}

namespace summary_field {  // summary.proto, message Summary
inline constexpr std::uint32_t kValue = 1;
}

namespace value_field {  // summary.proto, message Summary.Value
inline constexpr std::uint32_t kTag = 1;
inline constexpr std::uint32_t kSimpleValue = 2;  // float
inline constexpr std::uint32_t kOldHistogram = 3;
inline constexpr std::uint32_t kImage = 4;
inline constexpr std::uint32_t kHisto = 5;
inline constexpr std::uint32_t kAudio = 6;
inline constexpr std::uint32_t kNodeName = 7;
inline constexpr std::uint32_t kTensor = 8;
inline constexpr std::uint32_t kMetadata = 9;
}  // namespace value_field

namespace metadata_field {  // summary.proto, message SummaryMetadata
inline constexpr std::uint32_t kPluginData = 1;
inline constexpr std::uint32_t kDisplayName = 2;
inline constexpr std::uint32_t kSummaryDescription = 3;
inline constexpr std::uint32_t kDataClass = 4;
}  // namespace metadata_field

namespace plugin_data_field {  // summary.proto, message SummaryMetadata.PluginData
inline constexpr std::uint32_t kPluginName = 1;
inline constexpr std::uint32_t kContent = 2;
}  // namespace plugin_data_field

namespace image_field {  // summary.proto, message Summary.Image
inline constexpr std::uint32_t kHeight = 1;
inline constexpr std::uint32_t kWidth = 2;
inline constexpr std::uint32_t kColorspace = 3;
inline constexpr std::uint32_t kEncodedImageString = 4;
}  // namespace image_field

namespace audio_field {                          // summary.proto, message Summary.Audio
inline constexpr std::uint32_t kSampleRate = 1;  // float
inline constexpr std::uint32_t kNumChannels = 2;
inline constexpr std::uint32_t kLengthFrames = 3;
inline constexpr std::uint32_t kEncodedAudioString = 4;
inline constexpr std::uint32_t kContentType = 5;
}  // namespace audio_field

namespace histogram_field {  // histogram.proto, message HistogramProto
inline constexpr std::uint32_t kMin = 1;
inline constexpr std::uint32_t kMax = 2;
inline constexpr std::uint32_t kNum = 3;
inline constexpr std::uint32_t kSum = 4;
inline constexpr std::uint32_t kSumSquares = 5;
inline constexpr std::uint32_t kBucketLimit = 6;  // packed doubles
inline constexpr std::uint32_t kBucket = 7;       // packed doubles
}  // namespace histogram_field

namespace tensor_field {  // tensor.proto, message TensorProto
inline constexpr std::uint32_t kDtype = 1;
inline constexpr std::uint32_t kShape = 2;
inline constexpr std::uint32_t kTensorContent = 4;  // raw bytes instead of typed values
inline constexpr std::uint32_t kFloatVal = 5;
inline constexpr std::uint32_t kDoubleVal = 6;
inline constexpr std::uint32_t kIntVal = 7;
inline constexpr std::uint32_t kStringVal = 8;
inline constexpr std::uint32_t kScomplexVal = 9;
inline constexpr std::uint32_t kInt64Val = 10;
inline constexpr std::uint32_t kBoolVal = 11;
inline constexpr std::uint32_t kDcomplexVal = 12;
inline constexpr std::uint32_t kHalfVal = 13;
inline constexpr std::uint32_t kUint32Val = 16;
inline constexpr std::uint32_t kUint64Val = 17;
}  // namespace tensor_field

namespace shape_field {  // tensor_shape.proto, messages TensorShapeProto and TensorShapeProto.Dim
inline constexpr std::uint32_t kDim = 2;
inline constexpr std::uint32_t kDimSize = 1;
}  // namespace shape_field

namespace pr_curve_field {  // tensorboard/plugins/pr_curve/plugin_data.proto, message PrCurvePluginData
inline constexpr std::uint32_t kNumThresholds = 2;
}

// types.proto, enum DataType
enum class TensorType : std::uint8_t {
  kFloat = 1,
  kDouble = 2,
  kInt32 = 3,
  kUint8 = 4,
  kInt16 = 5,
  kInt8 = 6,
  kString = 7,
  kComplex64 = 8,
  kInt64 = 9,
  kBool = 10,
  kBfloat16 = 14,
  kUint16 = 17,
  kComplex128 = 18,
  kHalf = 19,
  kUint32 = 22,
  kUint64 = 23,
};

}  // namespace tickertape::protobuf
