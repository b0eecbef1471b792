"""What the uploader's thread costs a training loop: blocks of steps with a local run and with one on an S3 server, in random order.

    python benchmarks/remote_loop.py [--pairs 60] [--upload-secs 1]

A step is Python code and a small product of matrices, and logs ten scalars. A block with a URL uploads at least once in
`--upload-secs`, the default of a writer being 30; opening and closing a writer is not counted. The server is moto's, in a process of
its own.
"""

import argparse
import contextlib
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import stores
from tickertape import SummaryWriter

TAGS = [f"layer{i}/loss" for i in range(10)]


def train(writer: SummaryWriter, steps: int, matrix: np.ndarray) -> float:
    """Runs steps; returns the seconds that they took."""
    began = time.perf_counter()
    for step in range(steps):
        value = sum(i * i for i in range(2000)) + float((matrix @ matrix)[0, 0])
        for tag in TAGS:
            writer.add_scalar(tag, value, step)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--upload-secs", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    matrix = np.random.default_rng(1).normal(size=(64, 64))
    ratios, secs = [], []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "rings").mkdir(mode=0o700)
        os.environ |= {
            "TICKERTAPE_RING_DIR": str(folder / "rings"),
            "TICKERTAPE_SPOOL": str(folder / "spool"),
        }
        emulator = stack.enter_context(stores.emulator("s3", folder))
        store = stores.Store(emulator)
        # Straight to the server: the proxy that counts requests would share this process's GIL.
        direct = f"http://127.0.0.1:{emulator.port}"
        os.environ |= {
            name: value.replace(store.proxy.url, direct) for name, value in store.environment.items()
        }
        targets = {"local": str(folder / "local"), "url": f"{store.url}/runs"}
        for pair in range(-1, options.pairs):  # the first one warms up
            taken = {}
            for kind in rng.sample(sorted(targets), 2):
                with SummaryWriter(f"{targets[kind]}/{pair}", upload_secs=options.upload_secs) as writer:
                    taken[kind] = train(writer, options.steps, matrix)
            if pair >= 0:
                ratios.append(taken["url"] / taken["local"])
                secs.append(taken["local"])
        store.proxy.close()
    resampled = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(2000))
    print(
        f"{len(ratios)} pairs of blocks of {options.steps} steps ({statistics.median(secs):.2f} s), an upload each {options.upload_secs:g} s: "
        f"with a URL the loop takes {statistics.median(ratios):.4f} of the time (median; 95 %: {resampled[50]:.4f} to "
        f"{resampled[1949]:.4f})"
    )


if __name__ == "__main__":
    main()
