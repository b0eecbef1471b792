// The sequencer's side to the files: writes what is encoded, and goes on when a file is lost or takes
// nothing. L4.
#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/os/clock.h"
#include "drain/sequencer.h"

namespace tickertape {

namespace {

constexpr std::int64_t kFirstRetryNs = 50'000'000;
constexpr std::int64_t kLastRetryNs = 1'000'000'000;

}  // namespace

// Offers `out` to the sink; what the sink does not take stays, to be tried again.
void Sequencer::write(Channel& channel) {
  if (channel.out_sound < channel.out.size()) {
    if (ring_.find_cut()) return;  // it may have been encoded from zeros
    channel.out_sound = channel.out.size();
    channel.out_sound_events = channel.out_events;
  }
  if (channel.out_written < channel.out.size()) {
    if (channel.error_number != 0) {
      if (monotonic_ns() < channel.retry_at_ns) return;
      Counters::add(counters_.write_retries, 1);
    }
    if (const int error_number = renew_if_lost(channel); error_number != 0)
      return fail(channel, error_number);
    const Appended appended = channel.sink().append(channel.out.bytes().subspan(channel.out_written));
    channel.out_written += appended.bytes;
    Counters::add(counters_.bytes_written, appended.bytes);
    if (appended.error_number != 0) return fail(channel, appended.error_number);
    channel.error_number = 0;
    channel.retry_after_ns = 0;
  }
  if (channel.out_begin != kNoPosition) note_committed(channel);
  channel.committed.store(channel.encoded_to, std::memory_order_release);  // pairs with flush()'s load
}

void Sequencer::note_committed(Channel& channel) {
  channel.slot->commit(channel.encoded_to, channel.sink().size(), channel.file_number);
  Counters::add(counters_.events_written, channel.out_events);
  channel.out_events = 0;
  channel.out_begin = kNoPosition;
  channel.out_written = 0;
  channel.out_sound = 0;
  channel.out_sound_events = 0;
  // A buffer that one huge event made large is not kept.
  if (channel.out.capacity() > 4 * kWriteBytes) channel.out = Buffer();
  channel.out.clear();
}

// Opens a file again whose descriptor the program has closed: what is appended to the old number may go into
// any file. Returns the state of what is written to then.
SinkState Sequencer::reopen(Channel& channel) {
  std::shared_ptr<Sink> again;
  try {
    again = channel.sink().reopen();
  } catch (const IoError& error) {
    const int number = error.error_number();
    if (number == ENOENT || number == ESTALE || number == ELOOP || number == ENXIO) return SinkState::kGone;
    throw;
  }
  const SinkState state = again->check_state();
  channel.replace_sink(std::move(again));
  return state;
}

// Goes on in a new file where somebody deleted the one there was, or cut it off: in what was cut off, what is
// appended may follow half a record, and no reader gets past that. Gives the number of the error that stands
// in the way.
int Sequencer::renew_if_lost(Channel& channel) {
  SinkState state = channel.sink().check_state();
  if (state == SinkState::kSound) return 0;
  try {
    if (state == SinkState::kClosed) state = reopen(channel);
    if (state == SinkState::kSound || channel.renew == nullptr) return 0;
    std::shared_ptr<Sink> next = channel.renew();
    if (state != SinkState::kMissing)
      tell([&] {
        return "'" + channel.sink().path() + "' was " + (state == SinkState::kGone ? "deleted" : "cut off") +
               " by somebody; logging goes on in '" + next->path() + "'";
      });
    // In this order: if the process dies in between, recovery sees a record with an old file number, and
    // starts behind the opening of the new file.
    names_.move_writer(*channel.name, *next);
    channel.slot->commit(channel.out_begin, next->size(), ++channel.file_number);
    channel.replace_sink(std::move(next));
  } catch (const IoError& error) {
    return error.error_number();
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (const std::exception& unexpected) {
    // Not passed on: the other files would wait for this one.
    Counters::add(counters_.internal_errors, 1);
    if (channel.error_number == 0) {
      tell([&] {
        return "cannot begin another file for '" + channel.sink().path() +
               "': unexpected error: " + unexpected.what();
      });
    }
    return EIO;
  }
  channel.out_written = 0;
  if (state != SinkState::kMissing) Counters::add(counters_.files_renewed, 1);
  return 0;
}

void Sequencer::fail(Channel& channel, int error_number) {
  const bool is_news = channel.error_number.exchange(error_number, std::memory_order_relaxed) == 0;
  if (is_news && !channel.raises) {
    tell([&] {
      const auto [name, step] = channel.out_first;
      return "cannot write '" + channel.sink().path() +
             "': " + std::generic_category().message(error_number) + "; from " +
             (name == channel.name ? "" : "'" + name->text + "' at ") + "step " + std::to_string(step) +
             " on, what is logged stays queued and is tried again (said once for each failure)";
    });
  }
  channel.retry_after_ns = std::clamp(channel.retry_after_ns * 2, kFirstRetryNs, kLastRetryNs);
  channel.retry_at_ns = monotonic_ns() + channel.retry_after_ns;
}

}  // namespace tickertape
