// What users may set for the whole process, from the environment or the API. L4.
#pragma once

#include <cstdint>

namespace tickertape::settings {

// In the ring's header: recovery encodes again and compares bytes, which only the same version can.
inline constexpr const char* kLibraryVersion = "0.1.0";

// Bytes that may be queued in all, a power of two: the capacity of the op ring.
// $TICKERTAPE_QUEUE_BYTES, default 128 MiB, at least 4 MiB. Memory is taken only as it is needed.
std::uint64_t queue_bytes();

// Threads that encode images, histograms and curves: one for each core but one, at least 1 and at most 4.
unsigned codec_threads();

// How long the end of a process waits for a slow disk: $TICKERTAPE_EXIT_TIMEOUT seconds, default 10.
double exit_timeout_seconds();

// How old a value on its way from a device may get before its op is dropped: $TICKERTAPE_DEVICE_TIMEOUT
// seconds, default 600: a collective of NCCL that hangs ends its process after as long (PyTorch's default).
double device_timeout_seconds();

}  // namespace tickertape::settings
