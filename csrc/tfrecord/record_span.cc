// Where a file can be cut. L2.
#include "tfrecord/record_span.h"

#include <array>
#include <utility>

#include "tfrecord/format.h"
#include "tfrecord/record_reader.h"

namespace tickertape {

RecordSpan find_record_span(const std::string& path, std::uint64_t offset, std::uint64_t most_bytes,
                            InterruptCheck check) {
  RecordReader reader(path, offset);
  reader.set_interrupt_check(std::move(check));
  std::array<RecordPlace, 256> places;
  RecordSpan span{offset, offset};
  Bytes window;
  while (const std::size_t found = reader.next_run(window, places)) {
    std::uint64_t at = reader.offset();  // where the run begins, after the loop
    for (std::size_t i = 0; i < found; ++i) at -= places[i].size + record_format::kOverheadBytes;
    if (span.begin == span.end) {
      span = {at, at};
    } else if (at != span.end) {
      return span;  // damage is in between
    }
    for (std::size_t i = 0; i < found; ++i) {
      at += places[i].size + record_format::kOverheadBytes;
      if (at - span.begin > most_bytes && span.end != span.begin) return span;
      span.end = at;
    }
    if (span.end - span.begin >= most_bytes) break;
  }
  return span;
}

}  // namespace tickertape
