"""No codec holds the GIL while it works: another thread runs Python meanwhile."""

import sys
import sysconfig
import threading

import numpy as np
import pytest
import tickertape
from tickertape import _core

pytestmark = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="a free-threaded Python: there is no GIL to hold",
)
RNG = np.random.default_rng(19)
# The other thread has to wake up while the call runs, which on a busy machine it does not always.
ROUNDS = 1000


@pytest.fixture
def own_will():
    """Threads give up the GIL of their own will alone: nobody takes it from them (CPython's drop request)."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(before)


def another_runs_during(call, rounds=ROUNDS):
    """Whether another thread ran Python code before `call` had returned, in one of the rounds."""
    go = threading.Lock()
    go.acquire()
    is_inside, is_over, has_run = False, False, False

    def other():
        nonlocal has_run
        while not is_over:
            go.acquire()  # gives up the GIL until it is released
            has_run = has_run or is_inside

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    for _ in range(rounds):
        if go.locked():
            go.release()  # does not give up the GIL: from here on only `call` can
        is_inside = True
        call()
        is_inside = False
        if has_run:
            break
    is_over = True
    if go.locked():
        go.release()
    thread.join()
    return has_run


def pixels(*shape):
    return RNG.integers(0, 256, shape).astype(np.uint8)


def large_calls():
    data = bytes(32 << 20)
    values = RNG.normal(size=1 << 21)
    labels, predictions = (RNG.random(1 << 20) > 0.5), RNG.random(1 << 20)
    picture, floats = pixels(700, 700, 3), RNG.random((3, 1500, 1500)).astype(np.float32)
    images = RNG.random((64, 3, 128, 128)).astype(np.float32)
    edges = np.linspace(-3, 3, 50)
    return {
        "crc32c": lambda: _core.crc32c(data),
        "masked_crc32c": lambda: _core.masked_crc32c(data),
        "histogram": lambda: _core.histogram(values, "float64", None, None),
        "histogram, edges": lambda: _core.histogram(values, "float64", edges, None),
        "histogram, bins": lambda: _core.histogram(values, "float64", 64, None),
        "pr_curve": lambda: _core.pr_curve(labels, predictions, 127, None),
        "encode_png": lambda: _core.encode_png(picture),
        "encode_gif": lambda: _core.encode_gif(picture[None], 4),
        "encode_wav": lambda: _core.encode_wav(values[:, None], "float64", 8000),
        "make_pixels": lambda: _core.make_pixels(floats, "float32", "CHW"),
        "make_grid": lambda: tickertape.make_grid(images),
        "make_grid, normalised": lambda: tickertape.make_grid(images, normalize=True, scale_each=True),
    }


CALLS = large_calls()


@pytest.mark.usefixtures("own_will")
@pytest.mark.parametrize("name", CALLS)
def test_another_thread_runs_while_a_codec_works(name):
    assert another_runs_during(CALLS[name])


@pytest.mark.usefixtures("own_will")
def test_that_holding_the_gil_would_show():
    assert not another_runs_during(lambda: sum(range(200_000)), rounds=20)
