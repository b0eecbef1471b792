// Writes the 44-byte header of "Multimedia Programming Interface and Data Specifications 1.0" (IBM,
// Microsoft, 1991), then the samples. L1; encoder of add_audio.
#include "codec/audio/wav.h"

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include "array/array_block.h"
#include "base/cpu.h"
#include "base/endian.h"
#include "base/error.h"
#include "codec/audio/wav_impl.h"

namespace tickertape {
namespace {

constexpr std::uint16_t kPcm = 1;
constexpr std::uint32_t kSampleBytes = 2;
constexpr std::uint32_t kFormatBytes = 16;
constexpr std::uint32_t kWavHeaderBytes = 44;

// An Event has the samples, the header and a tag; protobuf holds 2 GiB.
constexpr std::size_t kMostWavBytes = (std::size_t{1} << 31) - (std::size_t{1} << 20);

template <typename Integer>
void put(Integer value, Buffer& out) {
  store_le(out.extend(sizeof value), value);
}

template <typename Sample, typename Level>
void put_levels(ArrayView samples, std::uint8_t* to, Level level) {
  const auto* values = static_cast<const Sample*>(samples.data);
  for (std::size_t i = 0; i < samples.size; ++i)
    store_le(to + i * kSampleBytes, static_cast<std::uint16_t>(level(values[i])));
}

template <typename Real>
void levels_of(const Real* samples, std::size_t count, std::int16_t* to) {
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) return wav_impl::quantize_avx2(samples, count, to);
#endif
  wav_impl::quantize(samples, count, to);  // SSE2 on x86-64, NEON on aarch64
}

[[noreturn]] void refuse_wav(const char* argument, const char* least, std::uint32_t most,
                             std::uint64_t given) {
  throw ArgumentError(std::string(argument) + ": expected " + least + " to " + std::to_string(most) +
                      " for a WAV file, got " + std::to_string(given));
}

}  // namespace

bool is_sound_type(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kFloat16:
    case DType::kBfloat16:
    case DType::kFloat32:
    case DType::kFloat64:
      return true;
    default:
      return false;
  }
}

void check_wav(std::size_t samples, std::uint32_t channels, std::uint32_t sample_rate) {
  constexpr std::uint32_t kMaxChannels = std::numeric_limits<std::uint16_t>::max() / kSampleBytes;
  if (channels < 1 || channels > kMaxChannels) refuse_wav("channels", "1", kMaxChannels, channels);
  const std::uint32_t most_rate = std::numeric_limits<std::uint32_t>::max() / (channels * kSampleBytes);
  if (sample_rate < 1 || sample_rate > most_rate) refuse_wav("sample_rate", "1", most_rate, sample_rate);
  if (samples % channels != 0) {
    throw ArgumentError("samples: expected the same number for each of " + std::to_string(channels) +
                        " channels, got " + std::to_string(samples));
  }
  if (samples > kMostWavBytes / kSampleBytes) {
    throw ArgumentError("snd_tensor: expected less than 2 GiB of 16-bit samples, got " +
                        std::to_string(samples) + " samples");
  }
}

void check_samples(ArrayView samples) {
  if (is_sound_type(samples.dtype)) return;
  for_each_block(samples, [](const auto* block, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      if (block[i] >= -1 && block[i] <= 1) continue;
      throw ArgumentError(
          "snd_tensor: expected floats from -1 to 1, int16, int32, int8 or uint8, got other integers with " +
          std::to_string(static_cast<std::int64_t>(block[i])) + " among them; convert them to one of these");
    }
  });
}

void encode_wav(ArrayView samples, std::uint32_t channels, std::uint32_t sample_rate, Buffer& out) {
  check_wav(samples.size, channels, sample_rate);
  const auto data_bytes = static_cast<std::uint32_t>(samples.size * kSampleBytes);
  const std::uint32_t frame_bytes = channels * kSampleBytes;
  out.append(as_bytes("RIFF"));
  put<std::uint32_t>(kWavHeaderBytes - 8 + data_bytes, out);
  out.append(as_bytes("WAVEfmt "));
  put<std::uint32_t>(kFormatBytes, out);
  put<std::uint16_t>(kPcm, out);
  put<std::uint16_t>(static_cast<std::uint16_t>(channels), out);
  put<std::uint32_t>(sample_rate, out);
  put<std::uint32_t>(sample_rate * frame_bytes, out);
  put<std::uint16_t>(static_cast<std::uint16_t>(frame_bytes), out);
  put<std::uint16_t>(8 * kSampleBytes, out);
  out.append(as_bytes("data"));
  put<std::uint32_t>(data_bytes, out);
  std::uint8_t* to = out.extend(data_bytes);
  switch (samples.dtype) {
    case DType::kInt16:
      return put_levels<std::int16_t>(samples, to, [](int sample) { return sample; });
    case DType::kInt32:
      return put_levels<std::int32_t>(samples, to, [](int sample) { return sample >> 16; });
    case DType::kInt8:
      return put_levels<std::int8_t>(samples, to, [](int sample) { return sample * 256; });
    case DType::kUint8:
      return put_levels<std::uint8_t>(samples, to, [](int sample) { return (sample - 128) * 256; });
    default:
      break;
  }
  check_samples(samples);
  for_each_block(samples, [&to](const auto* block, std::size_t size) {
    std::array<std::int16_t, kBlockSize> levels;
    levels_of(block, size, levels.data());
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(to, levels.data(), size * kSampleBytes);
    } else {
      for (std::size_t i = 0; i < size; ++i)
        store_le(to + i * kSampleBytes, static_cast<std::uint16_t>(levels[i]));
    }
    to += size * kSampleBytes;
  });
}

}  // namespace tickertape
