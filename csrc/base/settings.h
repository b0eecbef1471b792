// Settings of the whole process, read from the environment. L0.
#pragma once

#include <cstdint>

namespace tickertape::settings {

// The capacity of the op ring, which is the byte budget of the queue: $TICKERTAPE_QUEUE_BYTES rounded up to a
// power of two, default 128 MiB, at least 4 MiB. Memory is allocated only as it is needed.
std::uint64_t queue_bytes();

// Number of threads in the codec pool: the number of cores minus one, at least 1 and at most 4.
unsigned codec_threads();

// How long the process waits for a slow disk when it exits: $TICKERTAPE_EXIT_TIMEOUT seconds, default 10.
double exit_timeout_seconds();

// How long an op waits for a deferred value before it is dropped: $TICKERTAPE_DEVICE_TIMEOUT seconds, default
// 600. PyTorch ends a process after the same time if a collective of NCCL hangs.
double device_timeout_seconds();

}  // namespace tickertape::settings
