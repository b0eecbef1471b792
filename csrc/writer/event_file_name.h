// What event files are called, and creating the next one. L4.
#pragma once

#include <memory>
#include <string>

#include "sink/sink.h"

namespace tickertape {

// The next name that create_event_file() would take; for a file that is made later.
std::string event_file_path(const std::string& log_dir, const std::string& suffix);

// Creates `<log_dir>/events.out.tfevents.<10-digit seconds>.<hostname>.<pid>.<uid><suffix>`, where uid counts
// the files of this process, as torch's EventFileWriter names them
// (tensorboard/summary/writer/event_file_writer.py). Never opens a file that exists. Throws IoError.
std::unique_ptr<Sink> create_event_file(const std::string& log_dir, const std::string& suffix);

}  // namespace tickertape
