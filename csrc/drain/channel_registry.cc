// The registry of open files. L4.
#include "drain/channel_registry.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "base/error.h"

namespace tickertape {
namespace {

// After this, `vector` grows to `count` + 1 elements without an allocation.
template <typename Vector>
void reserve_one_more(Vector& vector, std::size_t count) {
  if (vector.capacity() <= count) vector.reserve(2 * count + 16);
}

}  // namespace

Channel& ChannelRegistry::open(SinkPlan plan) {
  const std::lock_guard<std::mutex> lock(mutex_);
  reserve_for_one_more();
  const std::uint32_t number = take_slot_number();
  try {
    ring_layout::CommitSlot* slot = ring_.slot(number);
    if (slot == nullptr)
      throw IoError(ENOSPC, ring_.mapping().path(), "no room for another writer in op ring");
    slot->commit(ring_.head(), plan.sink->size(), 0);
    auto channel = std::make_unique<Channel>(std::move(plan), number, slot);
    channel->name = names_.add_writer(*channel, number, channel->sink());
    channels_.push_back(std::move(channel));
  } catch (...) {
    free_slots_.push_back(number);
    throw;
  }
  Counters::add(counters_.writers_open, 1);
  return *channels_.back();
}

// Also makes room for what happens when the channel is closed, because that must not fail.
void ChannelRegistry::reserve_for_one_more() {
  reserve_one_more(channels_, channels_.size());
  reserve_one_more(closing_, channels_.size());
  reserve_one_more(free_slots_, next_slot_);
}

std::uint32_t ChannelRegistry::take_slot_number() {
  if (free_slots_.empty()) {
    if (next_slot_ == ring_layout::kMaxWriters) {
      throw ArgumentError("writers: expected at most " + std::to_string(ring_layout::kMaxWriters) +
                          " open ones, got one more; close some");
    }
    return next_slot_++;
  }
  const std::uint32_t number = free_slots_.back();
  free_slots_.pop_back();
  return number;
}

void ChannelRegistry::request_close(Channel& channel) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  closing_.push_back(&channel);
}

std::optional<OpRing::Cut> ChannelRegistry::mend_ring(std::uint64_t& events_kept) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::optional<OpRing::Cut> cut = names_.mend_ring();
  if (!cut) return cut;
  events_kept = 0;
  for (const std::unique_ptr<Channel>& channel : channels_) {
    channel->forget_before(cut->position);
    events_kept += channel->out_events;
  }
  return cut;
}

bool ChannelRegistry::forget(Channel& channel, bool ring_is_empty) noexcept {
  std::unique_ptr<Channel> gone;  // closes its file after the lock is released: the disk may take long
  const std::lock_guard<std::mutex> lock(mutex_);
  free_slots_.push_back(channel.slot_index);
  const auto found =
      std::find_if(channels_.begin(), channels_.end(),
                   [&](const std::unique_ptr<Channel>& open) { return open.get() == &channel; });
  gone = std::move(*found);
  channels_.erase(found);
  counters_.writers_open.fetch_sub(1, std::memory_order_relaxed);
  if (!channels_.empty() || !ring_is_empty) return false;
  names_.reset();
  return true;
}

}  // namespace tickertape
