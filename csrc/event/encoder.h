// Op in, Event bytes out: the only place that knows how each add_* looks in the file. L2; called by the
// sequencer and by the codec pool.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/executor.h"
#include "event/op.h"

namespace tickertape {

// What encoding left out, for the user to hear about.
struct EncodeReport {
  std::uint64_t nan_count = 0;       // values of a histogram
  std::uint64_t infinite_count = 0;  // likewise
};

// Appends the Event of `op` to `out`. Deterministic on every processor: recovery encodes again and compares
// bytes. Thread-safe. Throws DataError where the body is not what its kind says. Where there is an
// `executor`, it may run parts of a large op; the bytes do not depend on it.
EncodeReport encode_event(const OpView& op, std::string_view tag, Buffer& out, Executor* executor = nullptr);

// True where encoding `op` takes long enough to be worth another thread.
bool is_heavy(const OpView& op);

// The Event that opens every file: file_version at `step`, and who wrote it.
void encode_version_event(double wall_time, std::int64_t step, Buffer& out);

// The Event that makes TensorBoard forget what it has from `step` on.
void encode_session_start_event(double wall_time, std::int64_t step, Buffer& out);

// Appends a serialised Summary of one scalar that carries a display name and a description. Gives where in it
// the value's bytes start: 4 of them, for kDoubleTensor 8.
std::size_t encode_described_scalar(std::string_view tag, double value, ScalarStyle style,
                                    std::string_view display_name, std::string_view description, Buffer& out);

}  // namespace tickertape
