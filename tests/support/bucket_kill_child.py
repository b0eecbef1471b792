"""What bucket_killing.py kills: logs to a URL and says after each call how far it has come.

Arguments: URL, file of 64-bit counters, number of the run, seed. Counter 0 is set when the writer is open; counter 1 is the
number of calls that have returned. Call i is logged at step i under the tag "<run>".
"""

import mmap
import random
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")
from tickertape import SummaryWriter  # noqa: E402  # as quiet as the rest

URL, COUNTERS, RUN, SEED = sys.argv[1:]


def main():
    rng = random.Random(int(SEED))
    with open(COUNTERS, "r+b") as file:  # noqa: PTH123
        counters = memoryview(mmap.mmap(file.fileno(), 16)).cast("Q")
    # So short that many uploads are under way when the process is killed.
    writer = SummaryWriter(URL, upload_secs=rng.choice((0.01, 0.2, 30)))
    image = np.arange(3 * 64 * 64, dtype=np.uint8).reshape(3, 64, 64)
    counters[0] = 1
    step = 0
    while True:
        writer.add_scalar(RUN, step, step)
        step += 1
        counters[1] = step
        chance = rng.random()
        if chance < 0.001:
            writer.add_image("image", image, step)
        elif chance < 0.003:
            writer.flush()
        elif chance < 0.0035:
            writer.sync()
        elif chance < 0.01:
            time.sleep(0.005)  # the store has more to do than this process


main()
