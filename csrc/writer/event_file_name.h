// What event files are called, and creating the next one. L4.
//
//   events.out.tfevents.<10-digit seconds>.<hostname>.<pid>.<6-digit uid><suffix>
//
// as torch names them (tensorboard/summary/writer/event_file_writer.py), with a uid of fixed width:
// TensorBoard reads the files of a run in the order of their names and does not return to an earlier name.
#pragma once

#include <memory>
#include <string>

#include "sink/sink.h"

namespace tickertape {

// The next name that create_event_file() would take; for a file that is made later.
//
// Names sort in the order in which this process, or the one that it was forked from, asked for them. If the
// clock, the process id or the host name would break that order, the name carries a later second.
// Thread-safe.
std::string event_file_path(const std::string& log_dir, const std::string& suffix);

// Creates the next event file of this process in `log_dir`. Never opens a file that exists. Throws IoError.
std::unique_ptr<Sink> create_event_file(const std::string& log_dir, const std::string& suffix);

// The part of event_file_path() without directory and suffix, for a clock that says `now_seconds`.
std::string next_event_file_name(long long now_seconds);

}  // namespace tickertape
