"""`make torture`: kills processes that log at full load until enough is acknowledged, and proves that nothing is lost.

docs/testing.md has the figures of a run. --seed repeats a run.
"""

import argparse
import collections
import os
import platform
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import tickertape
from support import killing  # beside the short test that uses it too

KILLS_A_GROUP = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500, help="at least so many (default: %(default)s)")
    parser.add_argument(
        "--events", type=float, default=50e6, help="acknowledged, at least (default: %(default)g)"
    )
    parser.add_argument(
        "--longest-secs", type=float, default=0.5, help="of a process's life (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    environment = os.environ | {"PYTHONPATH": str(Path(tickertape.__file__).parents[1])}
    counts = collections.Counter()
    started = time.monotonic()
    print(
        f"tickertape {tickertape.__version__}, {platform.platform()}, {os.cpu_count()} cores, seed {options.seed}"
    )
    reason = killing.why_not_elsewhere()
    print(
        f"no recovery in other namespaces: {reason}"
        if reason
        else "half of the recoveries in other namespaces"
    )
    while counts["kills"] < options.kills or counts["events acknowledged"] < options.events:
        root = Path(tempfile.mkdtemp(prefix="tickertape_torture_"))
        # On the file system where rings usually are, but in a directory of our own.
        rings = Path(tempfile.mkdtemp(prefix="tickertape_torture_", dir="/dev/shm"))
        group = killing.Group(root, rings, rng, environment, elsewhere=not reason)
        # What it finds wrong it raises, and leaves as it is.
        killing.torture(group, KILLS_A_GROUP, longest_secs=options.longest_secs)
        counts += group.counts
        shutil.rmtree(root)
        shutil.rmtree(rings)
        print(
            f"{time.monotonic() - started:6.0f} s: {counts['kills']} kills, "
            f"{counts['recoveries killed']} recoveries killed, {counts['events acknowledged']:,} events acknowledged",
            flush=True,
        )
    for name, count in sorted(counts.items()):
        print(f"{name:32} {count:>14,}")
    print("0 lost, 0 twice, every stream in order, every CRC right, no ring left")


if __name__ == "__main__":
    main()
