"""`make torture-remote`: kills processes that log to a URL, while the store refuses now and then, and proves that nothing is lost.

docs/remote.md has the figures of a run. --seed repeats a run.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.remote_killing import Kills

KILLS_A_GROUP = 10


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="at least so many (default: %(default)s)")
    parser.add_argument(
        "--longest-secs", type=float, default=0.5, help="of a process's life (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print(f"--seed {options.seed}", flush=True)
    killed = syncs = events = repeated = 0
    started = time.monotonic()
    while killed < options.kills:
        kills = Kills(tempfile.mkdtemp(prefix="tickertape-remote-"), rng, options.longest_secs)
        for _ in range(KILLS_A_GROUP):
            kills.kill_one()
        acknowledged, again = kills.check()
        killed, syncs = killed + kills.children, syncs + kills.syncs_killed
        events, repeated = events + acknowledged, repeated + again
        kills.close()
        print(
            f"{time.monotonic() - started:.0f} s: {killed} processes and {syncs} syncs killed, {events:,} events acknowledged; "
            f"lost, doubled, out of order: 0; objects uploaded again after an unclear failure: {repeated}",
            flush=True,
        )


if __name__ == "__main__":
    main()
