"""What test_kill.py and tests/torture/kill.py kill: logs at full load and says after each call how far it has come.

Arguments: log directory, file of 64-bit counters, number of the run, what to log, how to die by itself ("" where the
parent sees to that), how many seconds after how many calls of stream 1, seed. Counter 0 is set when the interpreter is up; counter n is the
number of calls of stream n that have returned. Call i of a stream is logged at step i; a stream is one thread's calls
on one writer, so its steps are in the files in order and without a gap.
"""

import ctypes
import faulthandler
import itertools
import mmap
import os
import random
import signal
import sys
import threading
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")
from tickertape import SummaryWriter  # noqa: E402  # as quiet as the rest

DIRECTORY, COUNTERS, RUN, LOAD, DEATH, LIFE, LEAST, SEED = sys.argv[1:]
PERIOD = 1000
STREAMS = 64


def schedule(rng, **counts):
    """Which calls of a thousand are something else than a scalar."""
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    return dict(zip(rng.sample(range(PERIOD), len(kinds)), kinds, strict=True))


class Stream:
    """The calls of one thread on one writer."""

    def __init__(self, writer, number, counters, rng, **counts):
        self.writer, self.number, self.counters = writer, number, counters
        self.schedule = schedule(rng, **counts)
        self.tags = [f"{RUN}/{number}/{i}" for i in range(5)]
        self.values = np.arange(60_000, dtype=np.float32)
        self.image = np.arange(3 * 64 * 64, dtype=np.uint8).reshape(3, 64, 64)

    def log(self, calls):
        """Logs the calls with these numbers."""
        writer, tags, counters, number = self.writer, self.tags, self.counters, self.number
        special, add_scalar = self.schedule, self.writer.add_scalar
        for i in calls:
            kind = special.get(i % PERIOD)
            if kind is None:
                add_scalar(tags[i % 5], i % 997, i)
            elif kind == "fresh tag":
                add_scalar(f"{RUN}/{number}/fresh {i}", i % 997, i)
            elif kind == "histogram":
                writer.add_histogram(tags[0], self.values[: 10 + i * 37 % 300], i)
            elif kind == "large histogram":
                writer.add_histogram(tags[0], self.values, i)
            elif kind == "image":
                writer.add_image(tags[1], self.image, i)
            elif kind == "text":
                writer.add_text(f"{tags[2]}", "words " * (i % 50), i)
            elif kind == "flush":
                writer.flush()
                add_scalar(tags[3], i % 997, i)
            elif kind == "close":
                writer.close()
                add_scalar(tags[4], i % 997, i)
            counters[number] = i + 1


def in_threads(streams):
    """Every stream in a thread of its own, the last one in this."""
    for stream in streams[:-1]:
        threading.Thread(target=stream.log, args=(itertools.count(),), daemon=True).start()
    streams[-1].log(itertools.count())


def load(rng, counters):
    """Logs until the process is killed."""
    small = {"fresh tag": 2, "histogram": 3, "image": 1, "text": 2, "flush": 1}
    if LOAD == "scalars":
        Stream(SummaryWriter(DIRECTORY), 1, counters, rng, **{"fresh tag": 1}).log(itertools.count())
    elif LOAD == "mixed":
        writer = SummaryWriter(DIRECTORY)
        in_threads([Stream(writer, n, counters, rng, **small) for n in (1, 2, 3)])
    elif LOAD == "heavy":
        heavy = {"large histogram": 200, "image": 200, "histogram": 100}
        Stream(SummaryWriter(DIRECTORY), 1, counters, rng, **heavy).log(itertools.count())
    elif LOAD == "writers":
        streams = [
            Stream(SummaryWriter(f"{DIRECTORY}/{n % 3}"), n, counters, rng, **small) for n in range(1, 13)
        ]
        for first in itertools.count(0, 10):
            for stream in streams:
                stream.log(range(first, first + 10))
    elif LOAD == "closing":
        Stream(SummaryWriter(DIRECTORY), 1, counters, rng, close=5, flush=3, histogram=5).log(
            itertools.count()
        )
    elif LOAD == "fork":
        writer = SummaryWriter(DIRECTORY)
        Stream(writer, 1, counters, rng, **small).log(range(500))
        if os.fork() == 0:
            Stream(writer, 2, counters, rng, **small).log(itertools.count())
        Stream(writer, 1, counters, rng, **small).log(itertools.count(500))


DEATHS = {
    "os._exit": lambda: os._exit(3),
    "abort": os.abort,
    "segfault": lambda: ctypes.string_at(0),
    "exec": lambda: os.execv(sys.executable, [sys.executable, "-S", "-c", "pass"]),
    "SIGTERM": lambda: signal.raise_signal(signal.SIGTERM),
    "SIGHUP": lambda: signal.raise_signal(signal.SIGHUP),
}


def die(counters):
    while counters[1] < int(LEAST):
        time.sleep(0.001)
    time.sleep(float(LIFE))
    DEATHS[DEATH]()


def main():
    faulthandler.disable()
    for name in ("SIGTERM", "SIGHUP", "SIGSEGV", "SIGABRT"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)  # nohup has its children ignore SIGHUP
    rng = random.Random(int(SEED))
    with open(COUNTERS, "r+b") as file:  # noqa: PTH123
        counters = memoryview(mmap.mmap(file.fileno(), 8 * STREAMS)).cast("Q")
    counters[0] = 1
    if DEATH:
        threading.Thread(target=die, args=(counters,), daemon=True).start()
    load(rng, counters)


main()
