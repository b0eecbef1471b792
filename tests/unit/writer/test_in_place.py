"""copy=False: a read-only array is read where it is, and let go of when it has been read."""

import gc
import re
import signal
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest
import tickertape
from support import oracle
from tickertape import SummaryWriter, _core

RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=50_000).astype(np.float32)
CALLS = {
    "histogram": lambda w, a, **words: w.add_histogram("t", a, 1, walltime=oracle.WALLTIME, **words),
    "bins": lambda w, a, **words: w.add_histogram(
        "t", a, 1, bins=[-3.0, 0.0, 3.0], walltime=oracle.WALLTIME, **words
    ),
    "rule": lambda w, a, **words: w.add_histogram(
        "t", a, 1, bins="sturges", walltime=oracle.WALLTIME, **words
    ),
    "image": lambda w, a, **words: w.add_image("t", a, 1, oracle.WALLTIME, "HWC", **words),
    "images": lambda w, a, **words: w.add_images("t", a, 1, oracle.WALLTIME, max_outputs=2, **words),
    "video": lambda w, a, **words: w.add_video("t", a, 1, walltime=oracle.WALLTIME, **words),
    "audio": lambda w, a, **words: w.add_audio("t", a, 1, walltime=oracle.WALLTIME, **words),
    "tensor": lambda w, a, **words: w.add_tensor("t", a, 1, oracle.WALLTIME, **words),
}
ARRAYS = {
    "image": RNG.integers(0, 256, (40, 50, 3), np.uint8),
    "images": RNG.random((3, 3, 20, 30), np.float32),
    "video": RNG.random((1, 3, 3, 16, 16), np.float32),
    "audio": RNG.uniform(-1, 1, (9000, 2)),
    "tensor": RNG.normal(size=(30, 40)).astype(np.complex64),
}


def read_only(array):
    array = array.copy()
    array.setflags(write=False)
    return array


@pytest.mark.parametrize("name", CALLS)
def test_the_same_event_as_of_a_copy(tmp_path, name):
    array = read_only(ARRAYS.get(name, NUMBERS))
    for directory, words in (("copied", {}), ("in place", {"copy": False})):
        with SummaryWriter(tmp_path / directory) as writer:
            CALLS[name](writer, array, **words)
    copied, in_place = (oracle.logged(tmp_path / directory) for directory in ("copied", "in place"))
    assert len(copied) == 1
    assert in_place == copied


def test_order_is_kept(tmp_path):
    array = read_only(NUMBERS)
    with SummaryWriter(tmp_path) as writer:
        for step in range(50):
            writer.add_histogram("t", array, step, copy=step % 3 == 0)
            writer.add_scalar("s", step, step)
    assert [event.step for event in oracle.logged(tmp_path)] == [step for step in range(50) for _ in range(2)]


PEAK = """
import sys
import numpy as np
from tickertape import SummaryWriter

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024

array = np.ones(25_000_000, np.float64)  # 200 MB
array.setflags(write=False)
with SummaryWriter(sys.argv[1]) as writer:
    writer.add_histogram("first", array[:1000], 0)
    writer.flush()
    before = peak()
    writer.add_histogram("t", array, 1, copy=sys.argv[2] == "copy")
    writer.flush()
    print(peak() - before)
"""


def test_no_memory_is_taken_for_it(tmp_path):
    def grown(how):
        command = [sys.executable, "-c", PEAK, str(tmp_path / how), how]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert grown("in place") < 20e6
    assert grown("copy") > 150e6  # or the figure above says nothing


def test_the_array_lives_until_it_is_written_and_no_longer(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        array = read_only(NUMBERS)
        gone = weakref.ref(array)
        writer.add_histogram("t", array, 1, copy=False)
        del array
        writer.flush()
        end = time.monotonic() + 10  # Python lets go at a bytecode of the main thread
        while gone() is not None and time.monotonic() < end:
            gc.collect()
        assert gone() is None
    expected = oracle.only_value(oracle.logged(tmp_path)).histo
    assert expected.num == NUMBERS.size
    assert expected.min == NUMBERS.min()


def test_a_view_of_a_mapped_file(tmp_path):
    NUMBERS.tofile(tmp_path / "numbers")
    mapped = np.memmap(tmp_path / "numbers", np.float32, "r")
    with SummaryWriter(tmp_path / "log") as writer:
        writer.add_histogram("t", mapped[:1000], 1, copy=False)
        writer.add_histogram("t", NUMBERS[:1000], 1)
    first, second = oracle.logged(tmp_path / "log")
    assert first.summary == second.summary


BAD = {
    "a list": ([1.0, 2.0], TypeError, "values: expected a NumPy array (copy=False)"),
    "writeable": (NUMBERS.copy(), ValueError, "values: expected a read-only array (copy=False)"),
    "strided": (read_only(NUMBERS)[::2], ValueError, "values: expected a C-contiguous array"),
    "long double": (read_only(NUMBERS.astype(np.longdouble)), ValueError, "of a type that the core knows"),
    "other byte order": (read_only(NUMBERS.astype(">f4")), ValueError, "of a type that the core knows"),
}


RACES = {
    "histogram": (np.float64, (0.0, 1e30), lambda w, a, step: w.add_histogram("t", a, step, copy=False)),
    "uniform": (np.float64, (0.0, 1e30), lambda w, a, step: w.add_histogram("t", a, step, 100, copy=False)),
    "edges": (np.float32, (0.0, 1e30), lambda w, a, step: w.add_histogram("t", a, step, [0, 1], copy=False)),
    "varints": (np.int64, (0, -1), lambda w, a, step: w.add_tensor("t", a, step, copy=False)),
    "pixels": (
        np.uint8,
        (0, 255),
        lambda w, a, step: w.add_image("t", a.reshape(100, -1, 4), step, dataformats="HWC", copy=False),
    ),
    "floats": (
        np.float32,
        (0, np.nan),
        lambda w, a, step: w.add_image("t", a.reshape(100, -1, 4), step, dataformats="HWC", copy=False),
    ),
    "sound": (np.float32, (0, 9), lambda w, a, step: w.add_audio("t", a.reshape(-1, 2), step, copy=False)),
}


@pytest.mark.filterwarnings("ignore:pixels of", "ignore:snd_tensor")
@pytest.mark.parametrize("name", RACES)
def test_an_array_that_changes_meanwhile_spoils_its_own_event_only(tmp_path, name):
    """Codecs read an array more than once. What they wrote where the second look differed corrupted the heap."""
    dtype, (low, high), log = RACES[name]
    base = np.full(200_000, low, dtype)
    array = base.view()
    array.setflags(write=False)
    done = threading.Event()

    def change():
        while not done.is_set():
            base[1:] = high  # one value always lies between the edges, without which a call may refuse
            base[1:] = low

    thread = threading.Thread(target=change)
    thread.start()
    try:
        with SummaryWriter(tmp_path) as writer:
            for step in range(30):
                log(writer, array, step)
                writer.add_scalar("s", step, step)
    finally:
        done.set()
        thread.join()
    events = oracle.logged(tmp_path)
    assert [event.step for event in events if event.summary.value[0].tag == "s"] == list(range(30))
    assert len(events) == 60


@pytest.mark.parametrize("name", BAD)
def test_what_would_have_to_be_copied_is_refused(tmp_path, name):
    values, error, message = BAD[name]
    with SummaryWriter(tmp_path) as writer, pytest.raises(error, match=re.escape(message)):
        writer.add_histogram("t", values, 1, copy=False)
    assert oracle.logged(tmp_path) == []


def test_axes_that_would_have_to_be_copied_are_refused(tmp_path):
    frames = read_only(np.zeros((1, 2, 8, 8, 3), np.uint8))
    batch = read_only(np.zeros((8, 8, 3, 4), np.uint8))
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(ValueError, match="dataformats: expected NTCHW"):
            writer.add_video("t", frames, dataformats="NTHWC", copy=False)
        with pytest.raises(
            ValueError, match=r"dataformats: expected N first \(copy=False with max_outputs\)"
        ):
            writer.add_images("t", batch, dataformats="HWCN", max_outputs=2, copy=False)
        native = writer.file_writer.event_writer
        with pytest.raises(ValueError, match="contiguous"):
            native.add_histogram(
                "t", NUMBERS[::2], "float32", None, None, 0, None, source=_core.InPlace(NUMBERS)
            )
    assert oracle.logged(tmp_path) == []


KILLED = """
import os, signal, sys
import numpy as np
from tickertape import SummaryWriter
import resource
array = np.ones(1000)
array.setflags(write=False)
writer = SummaryWriter(sys.argv[1])
writer.add_scalar("before", 1.0, 0)
writer.flush()
size = os.stat(writer.file_writer.event_writer.path).st_size
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # what follows stays queued
writer.add_histogram("copied", array, 1)
writer.add_histogram("in place", array, 2, copy=False)
writer.add_scalar("after", 2.0, 3)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_loses_it_and_recovery_says_so(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (report,) = [each for each in tickertape.recover(tmp_path) if each.events or each.events_lost]
    assert (report.events, report.events_lost, report.complete) == (2, 1, True)
    assert any("copy=False" in message for message in report.messages)
    assert [event.step for event in oracle.logged(tmp_path)] == [0, 1, 3]
