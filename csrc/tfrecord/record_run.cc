// Record runs in portable code, and the choice of the implementation at run time. L2.
#include "tfrecord/record_run.h"

#include <array>

#include "base/cpu.h"
#include "base/endian.h"
#include "checksum/masked_crc.h"
#include "tfrecord/format.h"

namespace tickertape {

using namespace record_format;

std::size_t record_run_sse42(Bytes bytes, std::span<RecordPlace> places);
std::size_t record_run_armv8(Bytes bytes, std::span<RecordPlace> places);

namespace {

std::size_t record_run_portable(Bytes bytes, std::span<RecordPlace> places) {
  std::size_t at = 0, found = 0;
  while (found < places.size() && bytes.size() - at >= kOverheadBytes) {
    const Bytes header = bytes.subspan(at, kHeaderBytes);
    const auto length = load_le<std::uint64_t>(header.data());
    const auto stored = MaskedCrc::stored(load_le<std::uint32_t>(header.data() + kLengthBytes));
    if (MaskedCrc::of(header.first(kLengthBytes)) != stored) break;
    if (length > bytes.size() - at - kOverheadBytes) break;
    const Bytes data = bytes.subspan(at + kHeaderBytes, static_cast<std::size_t>(length));
    if (MaskedCrc::of(data) != MaskedCrc::stored(load_le<std::uint32_t>(data.data() + data.size()))) break;
    places[found++] = {at + kHeaderBytes, data.size()};
    at += data.size() + kOverheadBytes;
  }
  return found;
}

constexpr RecordRunImplementation kPortableRun{"portable", record_run_portable};
#if defined(__x86_64__)
constexpr CpuFeature kRunInstruction = CpuFeature::kSse42;
constexpr std::array kAllRuns{RecordRunImplementation{"sse42", record_run_sse42}, kPortableRun};
#elif defined(__aarch64__)
constexpr CpuFeature kRunInstruction = CpuFeature::kArmCrc32;
constexpr std::array kAllRuns{RecordRunImplementation{"armv8", record_run_armv8}, kPortableRun};
#else
constexpr CpuFeature kRunInstruction{};
constexpr std::array kAllRuns{kPortableRun};
#endif

}  // namespace

std::span<const RecordRunImplementation> record_run_implementations() {
  const std::span<const RecordRunImplementation> all{kAllRuns};
  return has_cpu_feature(kRunInstruction) ? all : all.last(1);
}

std::size_t find_record_run(Bytes bytes, std::span<RecordPlace> places) {
  return record_run_implementations().front().find(bytes, places);
}

}  // namespace tickertape
