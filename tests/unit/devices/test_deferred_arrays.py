"""Deferred arrays through the native module: the file has the bytes of the same array logged from the host."""

import warnings

import numpy as np
import pytest
from support import device_copies, fake_cuda, oracle
from tickertape import _core


@pytest.fixture
def device():
    fake = fake_cuda.load()
    yield fake
    fake.calm()
    _core.take_done()  # tickertape.devices must not meet the owners of these tests


RNG = np.random.default_rng(6)
PIXELS = RNG.integers(0, 256, (3, 40, 50), np.uint8)
CLIP = RNG.random((1, 3, 3, 16, 16), np.float32)
NUMBERS = RNG.normal(size=5000).astype(np.float32)
COMPLEX = np.zeros(4, np.complex128)
LABELS = RNG.integers(0, 2, 3000).astype(np.int64)
SCORES = RNG.random(3000).astype(np.float32)
SOUND = (RNG.random((800, 2), np.float32) * 2 - 1).astype(np.float32)
BIG = RNG.integers(0, 256, (3, 700, 900), np.uint8)

# A call with its array as it is, and with what is given in its place.
CALLS = {
    "image": (PIXELS, lambda f, a, source: f.add_image("t", a, "uint8", "CHW", 3, 4.5, source=source)),
    "big image": (BIG, lambda f, a, source: f.add_image("t", a, "uint8", "CHW", 3, 4.5, source=source)),
    "strided image": (
        PIXELS,
        lambda f, a, source: f.add_image("t", a.transpose(0, 2, 1)[:, ::-2], "uint8", "CHW", 3, 4.5, source=source),
    ),
    "histogram": (NUMBERS, lambda f, a, source: f.add_histogram("t", a, "float32", None, None, 3, 4.5, source=source)),
    "histogram of edges": (
        NUMBERS,
        lambda f, a, source: f.add_histogram("t", a, "float32", np.linspace(-2, 2, 9), 4, 3, 4.5, source=source),
    ),
    "video": (CLIP, lambda f, a, source: f.add_video("t", a, "float32", 4.0, 3, 4.5, source=source)),
    "audio": (SOUND, lambda f, a, source: f.add_audio("t", a, "float32", 800, 3, 4.5, source=source)),
    "curve": (
        SCORES,
        lambda f, a, source: f.add_pr_curve("t", LABELS, a, 20, None, 3, 4.5, source=source),
    ),
    "tensor": (
        NUMBERS,
        lambda f, a, source: f.add_tensor("t", a, "float32", [5000], "p", b"c", 3, 4.5, source=source),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_the_bytes_are_those_of_an_array_that_is_here(tmp_path, device, name):
    array, call = CALLS[name]
    stream = device.stream()
    device.hold(stream)
    deferred_file = _core.EventFileWriter(str(tmp_path / "deferred"))
    copied = device_copies.CopiedArray(device, stream, array)
    call(deferred_file, copied.memory, copied.copy)
    deferred_file.add_scalar("after", 1.0, 4, 5.5)
    deferred_file.flush()
    assert len(oracle.raw_records(oracle.only_file(tmp_path / "deferred"))) == 1
    device.release(stream)
    deferred_file.close()
    plain_file = _core.EventFileWriter(str(tmp_path / "plain"))
    call(plain_file, array, None)
    plain_file.add_scalar("after", 1.0, 4, 5.5)
    plain_file.close()
    ours, plain = (oracle.raw_records(oracle.only_file(tmp_path / n)) for n in ("deferred", "plain"))
    assert ours[1:] == plain[1:]


def test_a_body_too_large_for_the_ring(tmp_path, run_script):
    output = run_script(
        """
import sys, numpy as np, os
os.environ["TICKERTAPE_QUEUE_BYTES"] = "4194304"
from support import device_copies, fake_cuda, oracle
from tickertape import _core
device = fake_cuda.load()
stream = device.stream()
device.hold(stream)
file = _core.EventFileWriter(sys.argv[1])
array = np.arange(1 << 19, dtype=np.float32)  # 2 MiB of a ring of 4 MiB
deferred = device_copies.CopiedArray(device, stream, array)
file.add_tensor("t", deferred.memory, "float32", [len(array)], "", b"", 1, 2.0, source=deferred.copy)
file.flush()
assert len(oracle.raw_records(oracle.only_file(sys.argv[1]))) == 1
device.release(stream)
file.close()
(event,) = oracle.logged(sys.argv[1])
value = event.summary.value[0].tensor
content = np.frombuffer(value.tensor_content, np.float32) if value.tensor_content else np.array(value.float_val, np.float32)
assert (content == array).all()
print("fine")
""",
        tmp_path / "run",
    )
    assert output == "fine\n"


def counted(values, edges):
    """What a device would count, by NumPy."""
    values = np.asarray(values, np.float64)
    finite = values[np.isfinite(values)]
    words = np.zeros(1556, np.int64)
    words[0], words[1] = np.isnan(values).sum(), np.isinf(values).sum()
    if finite.size:
        statistics = _core.histogram(values, "float64", None, None)
        words[2:6] = np.array([*statistics[:2], *statistics[3:5]]).view(np.int64)
    words[6], words[1555] = (finite < edges[0]).sum(), (finite > edges[-1]).sum()
    words[7:1555] = np.histogram(finite, edges)[0]
    return words


@pytest.mark.parametrize("max_bins", [None, 7])
@pytest.mark.parametrize(
    "values",
    [
        [5.0],
        np.zeros(4),
        RNG.normal(size=1000),
        [],
        [np.nan],
        [1e30, -1e25, 2.0, -2e-13, 1e308],
        [np.inf, 1.0, np.nan, -np.inf],
    ],
)
def test_counts_from_a_device_give_the_bytes_of_the_values(tmp_path, device, values, max_bins):
    import tickertape

    values = np.array(values, np.float64)
    edges = np.array(tickertape.SummaryWriter(tmp_path / "edges").default_bins)
    stream = device.stream()
    deferred = device_copies.CopiedArray(device, stream, counted(values, edges))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        counts_file = _core.EventFileWriter(str(tmp_path / "counts"))
        counts_file.add_histogram_counts("h", deferred.memory, max_bins, 3, 4.5, source=deferred.copy)
        counts_file.close()
        first = len(said)
        values_file = _core.EventFileWriter(str(tmp_path / "values"))
        values_file.add_histogram("h", values, "float64", None, max_bins, 3, 4.5)
        values_file.close()
    assert [str(w.message) for w in said[:first]] == [str(w.message) for w in said[first:]]
    ours, plain = (oracle.raw_records(oracle.only_file(tmp_path / n)) for n in ("counts", "values"))
    assert ours[1:] == plain[1:]


def test_what_is_wrong_is_said_at_once_or_on_arrival(tmp_path, device):
    stream = device.stream()
    device.hold(stream)  # or the drainer may be first, and the call warns
    file = _core.EventFileWriter(str(tmp_path))
    deferred = device_copies.CopiedArray(device, stream, np.array([0.5, 1.5], np.float32))
    with pytest.raises(TypeError, match="source: expected a DeviceCopy"):
        file.add_image("t", PIXELS, "uint8", "CHW", 0, None, source=1)
    with pytest.raises(ValueError, match="1,556"):
        file.add_histogram_counts("t", np.zeros(5, np.int64), None, 0, None)
    with pytest.raises(ValueError, match="contiguous"):
        file.add_tensor("t", COMPLEX[::2], "complex128", None, "", b"", 0, None, source=deferred.copy)
    file.add_pr_curve("curve", LABELS[:2], deferred.memory, 5, None, 0, None, source=deferred.copy)
    device.release(stream)
    with pytest.warns(RuntimeWarning, match=r"'curve' at step 0 was dropped.* \[0, 1\]"):
        file.close()
    assert oracle.logged(tmp_path) == []


def test_an_empty_array_waits_for_nothing(tmp_path, device):
    stream = device.stream()
    device.hold(stream)
    deferred = device_copies.CopiedArray(device, stream, np.zeros(0, np.float32))
    file = _core.EventFileWriter(str(tmp_path))
    file.add_histogram("h", deferred.memory, "float32", None, None, 0, None, source=deferred.copy)
    file.flush()
    assert len(oracle.logged(tmp_path)) == 1
    file.close()
