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

template <typename Integer>
void put(Integer value, Buffer& out) {
  store_le(out.extend(sizeof value), value);
}

template <typename Real>
void levels_of(const Real* samples, std::size_t count, std::int16_t* to) {
#if defined(__x86_64__)
  if (has_cpu_feature(CpuFeature::kAvx2)) return wav_impl::quantize_avx2(samples, count, to);
#endif
  wav_impl::quantize(samples, count, to);  // SSE2 on x86-64, NEON on aarch64
}

}  // namespace

void check_wav(std::size_t samples, std::uint32_t channels, std::uint32_t sample_rate) {
  if (channels < 1 || channels > std::numeric_limits<std::uint16_t>::max() / kSampleBytes) {
    throw ArgumentError("audio cannot have " + std::to_string(channels) + " channels");
  }
  if (sample_rate < 1 ||
      sample_rate > std::numeric_limits<std::uint32_t>::max() / (channels * kSampleBytes)) {
    throw ArgumentError("sample_rate cannot be " + std::to_string(sample_rate));
  }
  if (samples % channels != 0) {
    throw ArgumentError(std::to_string(samples) + " samples are no whole number of frames of " +
                        std::to_string(channels) + " channels");
  }
  if (samples > (std::numeric_limits<std::uint32_t>::max() - kWavHeaderBytes) / kSampleBytes) {
    throw ArgumentError("audio of " + std::to_string(samples) + " samples is more than a WAV file can hold");
  }
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
