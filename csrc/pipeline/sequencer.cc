// The sequencer. L4.
#include "pipeline/sequencer.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/os_clock.h"
#include "event/encoder.h"
#include "record/record_writer.h"

namespace tickertape {

using namespace ring_layout;

namespace {

// How much is encoded before it is written: large enough that the system call does not count (0.4 us in 256
// KiB), small enough to stay in the cache between the two.
constexpr std::size_t kWriteBytes = std::size_t{256} << 10;

// How far one step() goes, so that the drain lock changes hands now and then.
constexpr std::uint64_t kStepBytes = std::uint64_t{1} << 20;

// How many ops of one file behind an unfinished one are looked at for work for the pool.
constexpr std::size_t kLookAhead = 16;

constexpr std::int64_t kFirstRetryNs = 50'000'000;
constexpr std::int64_t kLastRetryNs = 1'000'000'000;

OpHeader::State state_of(const OpHeader& op) {
  return static_cast<OpHeader::State>(
      op.state.load(std::memory_order_acquire));  // pairs with OpRing::finish()
}

HeapBody heap_body(OpHeader& op) {
  HeapBody body;
  std::memcpy(&body, OpRing::body(&op), sizeof body);
  return body;
}

OpView view_of(OpHeader& op) {
  OpView view{op.kind, op.style, op.step, op.wall_time, 0, {}};
  if (op.kind == OpKind::kScalar) {
    view.value = op.value;
  } else if ((op.flags & kBodyOnHeap) != 0) {
    const HeapBody body = heap_body(op);
    view.body = {body.data, static_cast<std::size_t>(body.size)};
  } else {
    view.body = {OpRing::body(&op), static_cast<std::size_t>(op.body_size)};
  }
  return view;
}

}  // namespace

bool Sequencer::step() {
  const bool more = scan();
  std::vector<Channel*> closed;
  std::erase_if(active_, [&](Channel* channel) {
    settle(*channel);
    if (channel->uncommitted_from() != kNoPosition) return false;
    if (channel->is_closing) {
      if (scan_ < channel->pushed.load(std::memory_order_relaxed)) return false;
      closed.push_back(channel);
    }
    channel->is_active = false;
    return true;
  });
  release_room();  // before a channel goes: recovery shall never find an op whose names are gone
  for (Channel* channel : closed) on_closed_(*channel);
  return more;
}

// Takes ops from the ring, up to the newest or to a step's worth.
bool Sequencer::scan() {
  const std::uint64_t head = ring_.head();
  const std::uint64_t stop = scan_ + kStepBytes;
  while (scan_ < head && scan_ < stop) {
    OpHeader& op = *ring_.at(scan_);
    const std::uint64_t size = op.total_size();
    if (op.kind != OpKind::kPad) take(scan_, op);
    scan_ += size;
  }
  return scan_ < head;
}

void Sequencer::take(std::uint64_t position, OpHeader& op) {
  Channel& channel = *name_of(op).channel;
  activate(channel);
  const bool at_once = channel.pending.empty() && channel.error_number == 0 &&
                       state_of(op) == OpHeader::kReady && !is_heavy(view_of(op));
  if (!at_once) {
    channel.pending.push_back({position, nullptr});
    submit_ahead(channel);
    return;
  }
  encode_inline(channel, position, op);
  if (channel.out.size() >= kWriteBytes) write(channel);
}

// Moves a file on as far as it goes now.
void Sequencer::settle(Channel& channel) {
  while (!channel.pending.empty() && encode_front(channel)) {
    channel.pending.pop_front();
    if (channel.out.size() >= kWriteBytes) write(channel);
  }
  submit_ahead(channel);
  write(channel);
}

// Encodes the oldest pending op; false where it is not ready, or the file takes nothing.
bool Sequencer::encode_front(Channel& channel) {
  const Channel::Pending& front = channel.pending.front();
  if (channel.error_number != 0) return false;
  OpHeader& op = *ring_.at(front.position);
  const OpHeader::State state = state_of(op);
  if (state == OpHeader::kPending) return false;
  if (state == OpHeader::kCancelled) {
    leave_behind(channel, front.position, op);
    return true;
  }
  if (!is_heavy(view_of(op))) {
    encode_inline(channel, front.position, op);
    return true;
  }
  if (front.job == nullptr || !front.job->done.load(std::memory_order_acquire)) return false;
  if (front.job->error) {
    report_lost(op, front.job->error);
  } else {
    channel.out.append(front.job->record.bytes());
    report(name_of(op), front.job->report);
    note_encoded(channel, front.position);
  }
  leave_behind(channel, front.position, op);
  return true;
}

// Gives the pool those of the next pending ops that it can work on.
void Sequencer::submit_ahead(Channel& channel) {
  const std::size_t count = std::min(channel.pending.size(), kLookAhead);
  for (std::size_t i = 0; i < count && !pool_.is_busy(); ++i) {
    Channel::Pending& pending = channel.pending[i];
    OpHeader& op = *ring_.at(pending.position);
    if (pending.job != nullptr || state_of(op) != OpHeader::kReady || !is_heavy(view_of(op))) continue;
    pending.job = std::make_shared<Job>();
    pending.job->op = view_of(op);
    pending.job->tag = name_of(op).text;
    pool_.submit(pending.job);
  }
}

void Sequencer::encode_inline(Channel& channel, std::uint64_t position, OpHeader& op) {
  Name& name = name_of(op);
  try {
    RecordFrame frame(channel.out);
    const EncodeReport left_out = encode_event(view_of(op), name.text, channel.out);
    frame.finish();
    report(name, left_out);
    note_encoded(channel, position);
  } catch (...) {
    report_lost(op, std::current_exception());
  }
  leave_behind(channel, position, op);
}

void Sequencer::note_encoded(Channel& channel, std::uint64_t position) {
  if (channel.out_begin == kNoPosition) channel.out_begin = position;
  ++channel.out_events;
}

// The op has been encoded, or never will be.
void Sequencer::leave_behind(Channel& channel, std::uint64_t position, OpHeader& op) {
  channel.encoded_to = position + op.total_size();
  if ((op.flags & kBodyOnHeap) != 0) delete[] heap_body(op).data;
}

void Sequencer::report(Name& name, const EncodeReport& report) {
  if (report.nan_count + report.infinite_count == 0 || name.told_of_non_finite) return;
  name.told_of_non_finite = true;
  notices_.add("histogram '" + name.text + "': left out " + std::to_string(report.nan_count) + " NaN and " +
               std::to_string(report.infinite_count) + " infinite values (said once for this tag)");
  ring_.interrupt();
}

void Sequencer::report_lost(OpHeader& op, std::exception_ptr error) {
  const Name& name = name_of(op);
  OpRing::cancel(
      &op);  // or recovery would try it again, and take what follows it in the file for something else
  Counters::add(counters_.events_dropped, 1);
  std::string why = "unknown error";
  try {
    std::rethrow_exception(std::move(error));
  } catch (const std::exception& known) {
    why = known.what();
  } catch (...) {
    why = "unknown error";
  }
  notices_.add("an event of '" + name.text + "' was dropped, it could not be encoded: " + why);
  ring_.interrupt();
}

// Offers `out` to the sink; what the sink does not take stays, to be tried again.
void Sequencer::write(Channel& channel) {
  if (channel.out_written < channel.out.size()) {
    if (channel.error_number != 0) {
      if (monotonic_ns() < channel.retry_at_ns) return;
      Counters::add(counters_.write_retries, 1);
    }
    const Appended appended = channel.sink->append(channel.out.bytes().subspan(channel.out_written));
    channel.out_written += appended.bytes;
    Counters::add(counters_.bytes_written, appended.bytes);
    if (appended.error_number != 0) return fail(channel, appended.error_number);
    channel.error_number = 0;
    channel.retry_after_ns = 0;
  }
  if (channel.out_begin != kNoPosition) {
    channel.slot->commit(channel.encoded_to, channel.sink->size());
    Counters::add(counters_.events_written, channel.out_events);
    channel.out_events = 0;
    channel.out_begin = kNoPosition;
    channel.out_written = 0;
    // A buffer that one huge event made large is not kept.
    if (channel.out.capacity() > 4 * kWriteBytes) channel.out = Buffer();
    channel.out.clear();
  }
  channel.committed.store(channel.encoded_to, std::memory_order_release);  // pairs with flush()'s load
}

void Sequencer::fail(Channel& channel, int error_number) {
  if (channel.error_number == 0) {
    notices_.add("cannot write '" + channel.sink->path() +
                 "': " + std::generic_category().message(error_number) +
                 "; what is logged stays queued and is tried again (said once for each failure)");
    ring_.interrupt();
  }
  channel.error_number = error_number;
  channel.retry_after_ns = std::clamp(channel.retry_after_ns * 2, kFirstRetryNs, kLastRetryNs);
  channel.retry_at_ns = monotonic_ns() + channel.retry_after_ns;
}

bool Sequencer::waits_for_codec() const {
  return std::any_of(active_.begin(), active_.end(), [](const Channel* channel) {
    return channel->error_number == 0 && !channel->pending.empty() && channel->pending.front().job != nullptr;
  });
}

void Sequencer::close_when_written(Channel& channel) {
  channel.is_closing = true;
  activate(channel);
}

void Sequencer::activate(Channel& channel) {
  if (channel.is_active) return;
  channel.is_active = true;
  active_.push_back(&channel);
}

// Lets producers have the room of everything that is in its file.
void Sequencer::release_room() {
  std::uint64_t tail = scan_;
  for (const Channel* channel : active_) tail = std::min(tail, channel->uncommitted_from());
  ring_.release(tail);
}

Name& Sequencer::name_of(const OpHeader& op) {
  while (known_.size() <= op.name) known_.push_back(names_.at(static_cast<std::uint32_t>(known_.size())));
  return *known_[op.name];
}

}  // namespace tickertape
