// Putting late values in their places. L4.
#include "pipeline/arrivals.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>
#include <string>

#include "codec/gather.h"
#include "event/decoder.h"
#include "pipeline/name_log.h"
#include "wire/reader.h"

namespace tickertape {

using namespace ring_layout;

namespace {

// The tag that a part belongs to: that of the op, or of one value of a Summary.
std::string tag_of(const LateOp& late, const LatePart& part) {
  if (late.op->kind != OpKind::kSummary) return late.name->text;
  Bytes body{OpRing::body(late.op), static_cast<std::size_t>(late.op->body_size)};
  if ((late.op->flags & kBodyOnHeap) != 0) {
    HeapBody heap;
    std::memcpy(&heap, body.data(), sizeof heap);
    body = {heap.data, static_cast<std::size_t>(heap.size)};
  }
  wire::Field field;
  for (wire::Reader summary(body); summary.next(field);) {
    const std::uint8_t* end = field.bytes.data() + field.bytes.size();
    if (field.bytes.data() <= part.to && part.to < end) return std::string(decode_value(field.bytes).tag);
  }
  return {};
}

bool overflows(double value) { return std::isinf(static_cast<float>(value)) && !std::isinf(value); }

}  // namespace

ArraySource LatePart::source() const {
  const std::size_t rank = axes.size() / 2;
  return {from, dtype, rank, axes.data(), axes.data() + rank};
}

void Arrivals::Queue::push(std::unique_ptr<LateOp> late) {
  LateOp* added = late.get();
  (last != nullptr ? last->next : first) = std::move(late);
  last = added;
}

std::unique_ptr<LateOp> Arrivals::Queue::pop() {
  std::unique_ptr<LateOp> taken = std::move(first);
  first = std::move(taken->next);
  if (first == nullptr) last = nullptr;
  return taken;
}

void Arrivals::add(std::unique_ptr<LateOp> late) noexcept {
  count_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard<std::mutex> lock(mutex_);
  added_.push(std::move(late));
}

template <typename MakeText>
void Arrivals::tell(MakeText make_text) noexcept {
  try {
    notices_.add(make_text());
  } catch (const std::exception&) {
    return;  // no memory: what stats() counts has to do
  }
  ring_.interrupt();
}

// The queue of the device that the op waits for next.
Arrivals::Key Arrivals::key_of(const LateOp& late) {
  const Arrival& arrival = *late.parts[late.parts_here].arrival;
  return {arrival.device(), arrival.queue()};
}

void Arrivals::sort_in() {
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

void Arrivals::poll() {
  if (!any()) return;
  sort_in();
  for (auto& [key, queue] : queues_) poll_queue(key, queue);
  std::erase_if(queues_, [](const auto& each) { return each.second.first == nullptr; });
  const bool any_to_settle = std::any_of(queues_.begin(), queues_.end(),
                                         [](const auto& each) { return each.first.first == nullptr; });
  any_to_settle_.store(any_to_settle, std::memory_order_relaxed);
}

void Arrivals::poll_queue(const Key& key, Queue& queue) {
  if (queue.first == nullptr) return;
  std::optional<DeviceQueries> queries;
  if (key.first != nullptr) queries.emplace(*key.first);
  while (queue.first != nullptr) {
    LateOp& late = *queue.first;
    switch (advance(late, key, queries ? &*queries : nullptr)) {
      case Progress::kWaits: {
        const Arrival& arrival = *late.parts[late.parts_here].arrival;
        if (arrival.age_ns() < timeout_ns_) return;
        drop(late, "nothing came within " + std::to_string(timeout_ns_ / 1'000'000'000) + " s");
        break;
      }
      case Progress::kWaitsElsewhere: {
        Queue& other = queues_[key_of(late)];
        other.push(queue.pop());
        continue;
      }
      case Progress::kComplete:
        OpRing::finish(late.op);
        break;
      case Progress::kFailed:
        drop(late, late.parts[late.parts_here].arrival->why());
        break;
    }
    queue.pop();
    count_.fetch_sub(1, std::memory_order_relaxed);
  }
}

Arrivals::Progress Arrivals::advance(LateOp& late, const Key& key, DeviceQueries* queries) {
  for (; late.parts_here < late.parts.size(); ++late.parts_here) {
    const LatePart& part = late.parts[late.parts_here];
    Arrival::State state = part.arrival->state();
    if (state == Arrival::State::kWaiting) {
      if (key_of(late) != key) return Progress::kWaitsElsewhere;
      if (queries != nullptr) state = part.arrival->look(*queries);
      if (state == Arrival::State::kWaiting) return Progress::kWaits;
    }
    if (state == Arrival::State::kFailed) return Progress::kFailed;
    put(late, part);
  }
  return Progress::kComplete;
}

void Arrivals::put(const LateOp& late, const LatePart& part) {
  if (part.as == LatePart::As::kArray) return gather(part.source(), part.to);
  const double value = LateNumber{part.arrival, part.from, part.dtype}.value();
  bool is_float32 = part.as == LatePart::As::kFloat32;
  if (part.as == LatePart::As::kHeader) {
    late.op->value = value;
    is_float32 = late.op->style != ScalarStyle::kDoubleTensor;
  } else if (is_float32) {
    const auto single = static_cast<float>(value);
    std::memcpy(part.to, &single, sizeof single);
  } else {
    std::memcpy(part.to, &value, sizeof value);
  }
  if (is_float32 && overflows(value)) {
    tell([&] {
      return "the value " + std::to_string(value) + " of '" + tag_of(late, part) + "' at step " +
             std::to_string(late.op->step) + " is beyond float32 and is stored as inf";
    });
  }
}

void Arrivals::drop(const LateOp& late, const std::string& why) {
  tell([&] {
    return "the value of '" + tag_of(late, late.parts[late.parts_here]) + "' at step " +
           std::to_string(late.op->step) + " did not arrive from its device, its event is dropped: " + why;
  });
  OpRing::cancel(late.op);
  Counters::add(counters_.events_dropped, 1);
  Counters::add(counters_.events_not_encoded, 1);
}

std::uint64_t Arrivals::give_up() {
  sort_in();
  std::uint64_t given_up = 0;
  for (auto& [key, queue] : queues_) {
    while (queue.first != nullptr) {
      const std::unique_ptr<LateOp> late = queue.pop();
      OpRing::cancel(late->op);
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
