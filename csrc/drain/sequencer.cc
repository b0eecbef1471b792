// The sequencer. L4.
#include "drain/sequencer.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "base/error.h"
#include "event/encoder.h"
#include "tfrecord/record_writer.h"

namespace tickertape {

using namespace ring_layout;

namespace {

// How far one step() goes, so that the drain lock changes hands now and then.
constexpr std::uint64_t kStepBytes = std::uint64_t{1} << 20;

// How many ops of one file behind an unfinished one are looked at for work for the pool.
constexpr std::size_t kLookAhead = 16;

// How often an op that found no memory is tried again, 20 ms apart at least, before it is given up.
constexpr unsigned kMostMemoryFailures = 500;

OpHeader::State state_of(const OpHeader& op) {
  return static_cast<OpHeader::State>(
      op.state.load(std::memory_order_acquire));  // pairs with OpRing::finish()
}

// Only zeros look like this: the ring's file was cut off. A pad is ready at once.
bool is_nothing(const OpHeader& op) {
  return op.kind == OpKind::kPad && op.state.load(std::memory_order_relaxed) == OpHeader::kPending;
}

HeapBody heap_body(OpHeader& op) {
  HeapBody body;
  std::memcpy(&body, OpRing::body(&op), sizeof body);
  return body;
}

InPlaceOwner* in_place_owner(OpHeader& op) {
  std::uintptr_t address = 0;
  std::memcpy(&address, OpRing::body(&op), sizeof address);
  return std::bit_cast<InPlaceOwner*>(address);
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
    view.is_in_place = (op.flags & kInPlace) != 0;
    if (view.is_in_place) view.body = view.body.subspan(sizeof(std::uintptr_t));
  }
  return view;
}

}  // namespace

bool Sequencer::step() {
  const bool more = scan();
  for (Channel* channel : active_) advance(*channel);  // advancing activates no other
  closed_.clear();
  closed_.reserve(active_.size());  // from here on nothing throws
  std::erase_if(active_, [&](Channel* channel) {
    if (channel->uncommitted_from() != kNoPosition) return false;
    if (channel->is_closing) {
      if (scan_ < channel->pushed.load(std::memory_order_relaxed)) return false;
      closed_.push_back(channel);
    }
    channel->is_active = false;
    return true;
  });
  release_room();  // before a channel goes: recovery must never find an op whose names are gone
  for (Channel* channel : closed_) {
    if (channels_.forget(*channel, has_taken_everything())) known_.clear();
  }
  return more;
}

// Takes ops from the ring, up to the newest or to a step's worth.
bool Sequencer::scan() {
  const std::uint64_t head = ring_.head();
  if (ring_.is_cut()) return false;  // the next step() of the drainer mends that first
  const std::uint64_t stop = scan_ + kStepBytes;
  while (scan_ < head && scan_ < stop) {
    OpHeader& op = *ring_.at(scan_);
    if (is_nothing(op)) {
      ring_.mapping().note_cut();
      if (ring_.is_cut()) return true;
    }
    const std::uint64_t size = op.total_size();
    if (op.kind != OpKind::kPad) take(scan_, op);
    scan_ += size;
  }
  return scan_ < head;
}

void Sequencer::take(std::uint64_t position, OpHeader& op) {
  Channel& channel = *name_of(op).channel;
  activate(channel);
  const bool may_go_at_once = channel.pending.empty() && channel.error_number == 0 &&
                              state_of(op) == OpHeader::kReady && !is_heavy(view_of(op));
  if (!may_go_at_once || !encode_inline(channel, position, op)) {
    channel.pending.push_back(position);
    submit_ahead(channel);
  } else if (channel.out.size() >= kWriteBytes) {
    write(channel);
  }
}

// Moves a file on as far as it goes now.
void Sequencer::advance(Channel& channel) {
  while (!channel.pending.empty() && encode_front(channel)) {
    channel.pending.pop_front();
    if (!channel.jobs.empty()) channel.jobs.pop_front();
    if (channel.out.size() >= kWriteBytes) write(channel);
  }
  submit_ahead(channel);
  write(channel);
}

// Encodes the oldest pending op; false where it is not ready, or the file takes nothing.
bool Sequencer::encode_front(Channel& channel) {
  const std::uint64_t position = channel.pending.front();
  if (channel.error_number != 0) return false;
  OpHeader& op = *ring_.at(position);
  const OpHeader::State state = state_of(op);
  if (state == OpHeader::kPending) return false;
  if (state == OpHeader::kCancelled) {
    leave_behind(channel, position, op);
    return true;
  }
  if (!is_heavy(view_of(op))) return encode_inline(channel, position, op);
  if (channel.jobs.empty() || channel.jobs.front() == nullptr) return false;
  if (!channel.jobs.front()->done.load(std::memory_order_acquire)) return false;
  if (!take_from_worker(channel, op)) return false;
  leave_behind(channel, position, op);
  return true;
}

// Puts what a worker made of the oldest pending op into `out`; false where it shall be made again.
bool Sequencer::take_from_worker(Channel& channel, OpHeader& op) {
  std::shared_ptr<Job>& job = channel.jobs.front();
  if (job->error) {
    if (report_lost(channel, op, job->error)) return true;
    job = nullptr;
    return false;
  }
  channel.out.append(job->record.bytes());
  note_encoded(channel, channel.pending.front(), op);
  report(op, job->report);
  return true;
}

// Gives the pool those of the next pending ops that it can work on. Not for a file that takes nothing: what
// is encoded is outside the byte budget.
void Sequencer::submit_ahead(Channel& channel) noexcept {
  if (channel.error_number != 0) return;
  const std::size_t count = std::min(channel.pending.size(), kLookAhead);
  try {
    for (std::size_t i = 0; i < count && !pool_.is_busy(); ++i) {
      if (i == channel.jobs.size()) channel.jobs.push_back(nullptr);
      OpHeader& op = *ring_.at(channel.pending[i]);
      if (channel.jobs[i] != nullptr || state_of(op) != OpHeader::kReady || !is_heavy(view_of(op))) continue;
      auto job = std::make_shared<Job>();
      job->op = view_of(op);
      job->tag = name_of(op).text;
      pool_.submit(job);
      channel.jobs[i] = std::move(job);
    }
  } catch (const std::bad_alloc&) {
    ++channel.memory_failures;  // advance() comes by again; flush() does not wait for that for ever
  }
}

// False if it is to be tried again.
bool Sequencer::encode_inline(Channel& channel, std::uint64_t position, OpHeader& op) {
  Name& name = name_of(op);
  try {
    RecordBuilder frame(channel.out);
    const EncodeReport left_out = encode_event(view_of(op), name.text, channel.out);
    frame.finish();
    note_encoded(channel, position, op);
    report(op, left_out);
  } catch (...) {
    if (!report_lost(channel, op, std::current_exception())) return false;
  }
  leave_behind(channel, position, op);
  return true;
}

void Sequencer::note_encoded(Channel& channel, std::uint64_t position, const OpHeader& op) {
  if (channel.out_begin == kNoPosition) {
    channel.out_begin = position;
    channel.out_first = {&name_of(op), op.step};
  }
  ++channel.out_events;
  channel.memory_failures = 0;
}

// The op has been encoded, or never will be.
void Sequencer::leave_behind(Channel& channel, std::uint64_t position, OpHeader& op) {
  channel.encoded_to = position + op.total_size();
  if ((op.flags & kInPlace) != 0) delete in_place_owner(op);
  if ((op.flags & kBodyOnHeap) == 0) return;
  const HeapBody body = heap_body(op);
  delete[] body.data;
  ring_.give_heap_back(body.size);
}

void Sequencer::report(const OpHeader& op, const EncodeReport& report) {
  Name& name = name_of(op);
  for (unsigned fresh = report.findings() & ~name.told; fresh != 0; fresh &= fresh - 1) {
    const unsigned finding = fresh & ~(fresh - 1);  // the lowest bit
    name.told |= finding;
    tell([&] { return report.text(finding, "'" + name.text + "' at step " + std::to_string(op.step)); },
         name.id);
  }
}

// Counts an op that cannot be encoded as dropped and says so; false where only memory was short, and the op
// shall be tried again.
bool Sequencer::report_lost(Channel& channel, OpHeader& op, const std::exception_ptr& error) noexcept {
  const auto say = [&](const char* why) {
    const Name& name = name_of(op);
    tell(
        [&] {
          return "an event of '" + name.text + "' at step " + std::to_string(op.step) +
                 " was dropped, it could not be encoded: " + why;
        },
        name.id);
  };
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    if (++channel.memory_failures < kMostMemoryFailures) return false;
    say("no memory");
  } catch (const std::exception& known) {
    say(known.what());
  } catch (...) {
    say("unknown error");
  }
  channel.memory_failures = 0;
  // Or recovery would try it again, and take what follows it in the file for something else.
  OpRing::cancel(&op);
  Counters::add(counters_.events_dropped, 1);
  Counters::add(counters_.events_not_encoded, 1);
  return true;
}

bool Sequencer::waits_for_codec() const {
  return std::any_of(active_.begin(), active_.end(), [](const Channel* channel) {
    return channel->error_number == 0 && !channel->jobs.empty() && channel->jobs.front() != nullptr;
  });
}

bool Sequencer::waits_for_device(const Channel& channel) const {
  if (channel.pending.empty()) return false;
  const OpHeader& op = *ring_.at(channel.pending.front());
  return (op.flags & kDeferred) != 0 && state_of(op) == OpHeader::kPending;
}

void Sequencer::close_when_written(Channel& channel) {
  channel.is_closing = true;
  activate(channel);
}

void Sequencer::activate(Channel& channel) {
  if (channel.is_active) return;
  active_.push_back(&channel);
  channel.is_active = true;
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
