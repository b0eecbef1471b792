// Putting deferred values in their places. L4.
#include "drain/waitlist.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>
#include <string>

#include "array/gather.h"
#include "event/decoder.h"
#include "protobuf/reader.h"
#include "queue/name_log.h"

namespace tickertape {

using namespace ring_layout;

namespace {

// The tag that a part belongs to: that of the op, or of one value of a Summary.
std::string tag_of(const DeferredOp& deferred, const DeferredPart& part) {
  if (deferred.op->kind != OpKind::kSummary) return deferred.name->text;
  Bytes body{OpRing::body(deferred.op), static_cast<std::size_t>(deferred.op->body_size)};
  if ((deferred.op->flags & kBodyOnHeap) != 0) {
    HeapBody heap;
    std::memcpy(&heap, body.data(), sizeof heap);
    body = {heap.data, static_cast<std::size_t>(heap.size)};
  }
  protobuf::Field field;
  for (protobuf::Reader summary(body); summary.next(field);) {
    const std::uint8_t* end = field.bytes.data() + field.bytes.size();
    if (field.bytes.data() <= part.to && part.to < end) return std::string(decode_value(field.bytes).tag);
  }
  return {};
}

bool overflows(double value) { return std::isinf(static_cast<float>(value)) && !std::isinf(value); }

}  // namespace

ArraySource DeferredPart::source() const {
  const std::size_t rank = axes.size() / 2;
  return {from, dtype, rank, axes.data(), axes.data() + rank};
}

Waitlist::Queue::~Queue() {
  while (first != nullptr) pop();
}

void Waitlist::Queue::push(std::unique_ptr<DeferredOp> deferred) {
  DeferredOp* added = deferred.get();
  (last != nullptr ? last->next : first) = std::move(deferred);
  last = added;
}

std::unique_ptr<DeferredOp> Waitlist::Queue::pop() {
  std::unique_ptr<DeferredOp> taken = std::move(first);
  first = std::move(taken->next);
  if (first == nullptr) last = nullptr;
  return taken;
}

void Waitlist::add(std::unique_ptr<DeferredOp> deferred) noexcept {
  count_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard<std::mutex> lock(mutex_);
  added_.push(std::move(deferred));
}

template <typename MakeText>
void Waitlist::tell(const DeferredOp& deferred, MakeText make_text) noexcept {
  try {
    notices_.add(make_text(), deferred.op->name);
  } catch (const std::exception&) {
    return;  // no memory: what stats() counts has to do
  }
  ring_.request_attention();
}

// The queue of the device that the op waits for next.
Waitlist::Key Waitlist::key_of(const DeferredOp& deferred) {
  const DeviceCopy& copy = *deferred.parts[deferred.parts_here].copy;
  return {copy.device(), copy.queue()};
}

void Waitlist::sort_in() {
  Queue added;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::swap(added, added_);
  }
  try {
    while (added.first != nullptr) {
      Queue& queue = queues_[key_of(*added.first)];
      queue.push(added.pop());
    }
  } catch (const std::bad_alloc&) {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (added_.first != nullptr) added.push(added_.pop());
    std::swap(added, added_);
    throw;
  }
}

void Waitlist::poll() {
  if (!any()) return;
  sort_in();
  for (auto& [key, queue] : queues_) poll_queue(key, queue);
  std::erase_if(queues_, [](const auto& each) { return each.second.first == nullptr; });
  const bool any_without_device = std::any_of(queues_.begin(), queues_.end(),
                                              [](const auto& each) { return each.first.first == nullptr; });
  any_without_device_.store(any_without_device, std::memory_order_relaxed);
}

void Waitlist::poll_queue(const Key& key, Queue& queue) {
  if (queue.first == nullptr) return;
  std::optional<DeviceQueries> queries;
  if (key.first != nullptr) queries.emplace(*key.first);
  while (queue.first != nullptr) {
    DeferredOp& deferred = *queue.first;
    switch (advance(deferred, key, queries ? &*queries : nullptr)) {
      case Progress::kWaits: {
        const DeviceCopy& copy = *deferred.parts[deferred.parts_here].copy;
        if (copy.age_ns() < timeout_ns_) return;
        drop(deferred, "nothing came within " + std::to_string(timeout_ns_ / 1'000'000'000) + " s");
        break;
      }
      case Progress::kWaitsElsewhere: {
        Queue& other = queues_[key_of(deferred)];
        other.push(queue.pop());
        continue;
      }
      case Progress::kComplete:
        OpRing::finish(deferred.op);
        break;
      case Progress::kFailed:
        drop(deferred, deferred.parts[deferred.parts_here].copy->why());
        break;
    }
    queue.pop();
    count_.fetch_sub(1, std::memory_order_relaxed);
  }
}

Waitlist::Progress Waitlist::advance(DeferredOp& deferred, const Key& key, DeviceQueries* queries) {
  for (; deferred.parts_here < deferred.parts.size(); ++deferred.parts_here) {
    const DeferredPart& part = deferred.parts[deferred.parts_here];
    DeviceCopy::State state = part.copy->state();
    if (state == DeviceCopy::State::kWaiting) {
      if (key_of(deferred) != key) return Progress::kWaitsElsewhere;
      if (queries != nullptr) state = part.copy->poll(*queries);
      if (state == DeviceCopy::State::kWaiting) return Progress::kWaits;
    }
    if (state == DeviceCopy::State::kFailed) return Progress::kFailed;
    put(deferred, part);
  }
  return Progress::kComplete;
}

void Waitlist::put(const DeferredOp& deferred, const DeferredPart& part) {
  if (part.as == DeferredPart::As::kArray) return gather(part.source(), part.to);
  const double value = DeferredNumber{part.copy, part.from, part.dtype}.value();
  bool is_float32 = part.as == DeferredPart::As::kFloat32;
  if (part.as == DeferredPart::As::kHeader) {
    deferred.op->value = value;
    is_float32 = deferred.op->style != ScalarStyle::kDoubleTensor;
  } else if (is_float32) {
    const auto single = static_cast<float>(value);
    std::memcpy(part.to, &single, sizeof single);
  } else {
    std::memcpy(part.to, &value, sizeof value);
  }
  if (is_float32 && overflows(value)) {
    tell(deferred, [&] {
      return "the value " + std::to_string(value) + " of '" + tag_of(deferred, part) + "' at step " +
             std::to_string(deferred.op->step) + " is beyond float32 and is stored as inf";
    });
  }
}

void Waitlist::drop(const DeferredOp& deferred, const std::string& why) {
  tell(deferred, [&] {
    return "the value of '" + tag_of(deferred, deferred.parts[deferred.parts_here]) + "' at step " +
           std::to_string(deferred.op->step) +
           " did not arrive from its device, its event is dropped: " + why;
  });
  OpRing::cancel(deferred.op);
  Counters::add(counters_.events_dropped, 1);
  Counters::add(counters_.events_not_encoded, 1);
}

void Waitlist::forget_before(std::uint64_t position) noexcept {
  const auto filter = [&](Queue& queue) {
    Queue kept;
    while (queue.first != nullptr) {
      std::unique_ptr<DeferredOp> deferred = queue.pop();
      if (ring_.position_of(deferred->op) >= position) {
        kept.push(std::move(deferred));
      } else {
        count_.fetch_sub(1, std::memory_order_relaxed);
      }
    }
    std::swap(queue, kept);
  };
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    filter(added_);
  }
  for (auto& [key, queue] : queues_) filter(queue);
  any_without_device_.store(false, std::memory_order_relaxed);  // until the next poll()
}

std::uint64_t Waitlist::give_up() {
  sort_in();
  std::uint64_t given_up = 0;
  for (auto& [key, queue] : queues_) {
    while (queue.first != nullptr) {
      const std::unique_ptr<DeferredOp> deferred = queue.pop();
      OpRing::cancel(deferred->op);
      ++given_up;
    }
  }
  queues_.clear();
  count_.fetch_sub(given_up, std::memory_order_relaxed);
  Counters::add(counters_.events_dropped, given_up);
  Counters::add(counters_.events_not_encoded, given_up);
  return given_up;
}

}  // namespace tickertape
