"""One process of benchmarks/scale.py: some writers that log scalars at a steady rate, until the time is over.

`python scale_writer.py FOLDER WRITERS RATE SECS`; in FOLDER it makes `ready`, waits for `../go`, and leaves `result.json`.
"""

import json
import sys
import time
from pathlib import Path

import tickertape

TICK_SECS = 0.05  # the writers log what is due, this often
TAGS = [f"metrics/{index}" for index in range(10)]


def main() -> None:
    """Logs, and says how many scalars each writer took and how often it was behind by a second or more."""
    folder, count, rate, secs = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    writers = [tickertape.SummaryWriter(folder / f"writer-{index}") for index in range(count)]
    for writer in writers:  # so that each has its file before the first sample
        writer.add_scalar(TAGS[0], 0.0, 0)
        writer.flush()
    (folder / "ready").touch()
    while not (folder.parent / "go").exists():
        time.sleep(0.05)
    begin, done, behind = time.monotonic(), 1, 0
    while (passed := time.monotonic() - begin) < secs:
        due = int(passed * rate) + 1
        behind += due - done > rate
        for writer in writers:
            for step in range(done, due):
                writer.add_scalar(TAGS[step % len(TAGS)], 0.5, step)
        done = max(done, due)
        time.sleep(max(0.0, TICK_SECS - (time.monotonic() - begin - passed)))
    for writer in writers:
        writer.close()
    stats = tickertape.stats()
    result = {
        "steps": done,
        "late_ticks": behind,
        "dropped": stats["events_dropped"],
        "wait_ns": stats["wait_ns"],
    }
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
