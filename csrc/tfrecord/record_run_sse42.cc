// Record runs with the crc32 instruction of SSE4.2. L2; same results as the portable code.
#if defined(__x86_64__)
#include "checksum/crc32c_sse42.h"
#include "tfrecord/record_run_impl.h"

namespace tickertape {

std::size_t record_run_sse42(Bytes bytes, std::span<RecordPlace> places) {
  return record_run<Sse42>(bytes, places);
}

}  // namespace tickertape
#endif
