"""One machine of benchmarks/cluster.py: logs scalars at a steady rate, then says what it cost.

`python cluster_writer.py URL RATE SECS FOLDER`; FOLDER has `go` when all machines are up, and gets `ready-RANK`, `RANK.json`.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

from tickertape import SummaryWriter

_TAGS = 10


def _memory_kib() -> dict[str, int]:
    """Of this process: resident, and what is its own alone."""
    fields: dict[str, int] = {}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        fields[name] = int(value.split()[0])
    return {"resident": fields["Rss"], "own": fields["Private_Clean"] + fields["Private_Dirty"]}


def _cpu_secs() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Logs until the time is over."""
    url, rate, secs, folder = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4])
    rank = os.environ["RANK"]
    before_kib = _memory_kib()
    writer = SummaryWriter(url)
    (folder / f"ready-{rank}").touch()
    while not (folder / "go").exists():
        time.sleep(0.2)
    begin, begin_cpu = time.time(), _cpu_secs()
    longest, step = 0.0, 0
    while (now := time.time()) < begin + secs:
        called = time.perf_counter()
        writer.add_scalar(f"metric/{step % _TAGS}", float(step), step, walltime=now)
        longest = max(longest, time.perf_counter() - called)
        step += 1
        time.sleep(max(0.0, begin + step / rate - time.time()))
    cpu, memory = _cpu_secs() - begin_cpu, _memory_kib()
    closing = time.time()
    writer.close()
    result = {
        "scalars": step,
        "longest_call_ms": longest * 1e3,
        "cpu_secs": cpu,
        "close_secs": time.time() - closing,
        "kib_before_the_writer": before_kib,
        "kib": memory,
    }
    (folder / f"{rank}.json").write_text(json.dumps(result))


main()
