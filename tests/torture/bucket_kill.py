"""Kills processes that log to moto's S3 server, and proves that nothing is lost. docs/remote.md has the figures of a run."""

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import bucket_killing
from support.stores import Store, emulator

KILLS_A_BUCKET = 12


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="at least so many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as directory, emulator("s3", Path(directory)) as running:
        while counts["kills"] < options.kills:
            store = Store(running)
            root = Path(directory) / store.bucket
            root.mkdir()
            counts += bucket_killing.torture(store, root, KILLS_A_BUCKET, options.seed + counts["kills"])
            store.proxy.close()
            print(f"--seed {options.seed}: {dict(counts)}; lost, doubled, out of order: 0", flush=True)


if __name__ == "__main__":
    main()
