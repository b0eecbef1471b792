// Record runs with the CRC instructions of ARMv8. L2; same results as the portable code.
#if defined(__aarch64__)
#include "checksum/crc32c_armv8.h"
#include "tfrecord/record_run_impl.h"

namespace tickertape {

std::size_t record_run_armv8(Bytes bytes, std::span<RecordPlace> places) {
  return record_run<Armv8>(bytes, places);
}

}  // namespace tickertape
#endif
