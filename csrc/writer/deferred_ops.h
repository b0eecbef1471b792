// Pushes ops whose values are still on a device. They go into the ring without the values; the waitlist
// (drain/waitlist.h) puts the values in when they arrive. L4; OpenFile calls these.
//
// No function waits for a value. Each returns false if the op was dropped. An op whose values have not
// arrived is lost if the process dies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "device/device_copy.h"
#include "event/op.h"
#include "event/op_body.h"
#include "event/scalars_summary.h"
#include "writer/op_pusher.h"

namespace tickertape {

// A deferred value among many scalars.
struct DeferredScalarAt {
  std::size_t index;
  DeferredNumber number;
};

// A scalar whose value comes later; `head.kind` is kScalar.
bool push_deferred_scalar(OpPusher& pusher, const OpHead& head, const DeferredNumber& number,
                          ScalarStyle style);

// `scalars` in one Event; those that `deferred` names by their index, in ascending order, get their values
// later. `head.kind` is kSummary.
bool push_deferred_scalars(OpPusher& pusher, const OpHead& head, std::span<const TaggedScalar> scalars,
                           std::span<const DeferredScalarAt> deferred);

// A serialised Summary of one scalar whose value, at byte `at`, comes later. `head.kind` is kSummary.
bool push_deferred_summary(OpPusher& pusher, const OpHead& head, Bytes summary, std::size_t at,
                           const DeferredNumber& number, ScalarStyle style);

// A body of `size` bytes whose arrays, `blocks`, are read when `copy` has ended. `write_rest` writes the rest
// of it and must not throw.
bool push_deferred_body(OpPusher& pusher, const OpHead& head, std::size_t size,
                        std::vector<DeferredBlock> blocks, const std::shared_ptr<DeviceCopy>& copy,
                        const std::function<void(std::uint8_t*)>& write_rest);

}  // namespace tickertape
