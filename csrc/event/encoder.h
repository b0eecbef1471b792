// Encodes an op as an Event. This is the only place that knows how the call of each add_* is stored in the
// file. L2; the sequencer and the codec pool call it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/executor.h"
#include "event/encode_report.h"
#include "event/op.h"

namespace tickertape {

// Appends the Event of `op` to `out`. `executor` may be nullptr; otherwise it may run parts of a large op.
// The bytes depend neither on the processor nor on the executor: recovery completes a record that was cut off
// only if its own encoding of the op begins with the bytes that are there. Thread-safe. Throws DataError if
// the body does not match the op's kind, ArgumentError if the Event would be larger than kMaxEventBytes.
EncodeReport encode_event(const OpView& op, std::string_view tag, Buffer& out, Executor* executor = nullptr);

// The bytes that the elements of a tensor take in its Event: as varints, some take more than in memory.
std::size_t tensor_values_size(protobuf::TensorType type, Bytes elements);

// True if encoding `op` takes so long that the codec pool should do it.
bool is_heavy(const OpView& op);

// Appends the first Event of every file: the file version, and "tickertape" as its writer.
void encode_version_event(double wall_time, std::int64_t step, Buffer& out);

// Appends the Event that makes TensorBoard discard what it has from `step` on.
void encode_session_start_event(double wall_time, std::int64_t step, Buffer& out);

// Appends a serialised Summary of one scalar with a display name and a description. Returns the offset of the
// value's bytes in it: 8 bytes for kDoubleTensor, otherwise 4.
std::size_t encode_described_scalar(std::string_view tag, double value, ScalarStyle style,
                                    std::string_view display_name, std::string_view description, Buffer& out);

}  // namespace tickertape
