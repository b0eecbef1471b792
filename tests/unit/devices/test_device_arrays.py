"""Arrays of a slow device: copied at the call, or counted there, and encoded when they have arrived."""

import numpy as np
import pytest
from support import oracle
from tickertape import SummaryWriter
from tickertape.convert import device_registry

pytest.importorskip("torch", reason="counts histograms there")


def test_no_call_waits(device, tmp_path):
    """The queue is held all the time: a call that waited would hang."""
    with SummaryWriter(tmp_path) as writer:
        syncs = device.cuda.syncs
        with device.held():
            writer.add_scalar("before", 1.0, 0)
            one, many = device.tensor(2.0), device.tensor(np.arange(12))
            writer.add_scalar("one", one, 1)
            writer.add_scalar("new", one, 1, new_style=True, double_precision=True)
            writer.add_scalar("told", one, 1, display_name="name", summary_description="words")
            writer.log({"x": one, "y": one}, 2)
            writer.add_scalars("both", {"device": one, "host": 3.0}, 3)
            writer.add_histogram("h", many, 4)
            writer.add_histogram("edges", many, 4, bins=[0.0, 5.0, 11.0])
            writer.add_histogram("three", many, 4, bins=3)
            writer.add_image("image", device.tensor(np.ones((3, 4, 4))), 5)
            writer.add_images("images", device.tensor(np.ones((2, 3, 4, 4))), 5)
            writer.add_video("video", device.tensor(np.ones((1, 2, 3, 4, 4))), 6)
            writer.add_audio("audio", device.tensor(np.zeros(100)), 7)
            writer.add_tensor("tensor", many, 8)
            writer.add_scalar("after", 4.0, 9)
            writer.flush()
            assert oracle.values(tmp_path) == [("before", 0, 1.0)]
        assert device.cuda.syncs == syncs
    events = oracle.logged(tmp_path)
    assert [value.tag for event in events for value in event.summary.value] == [
        *("before", "one", "new", "told", "x", "y", "h", "edges", "three", "image", "images", "video"),
        *("audio", "tensor", "after"),
    ]
    assert oracle.values(tmp_path / "both_device") == [("both", 3, 2.0)]


ARRAYS = {
    "add_histogram": (np.float32, (7, 30)),
    "add_image": (np.uint8, (3, 5, 6)),
    "add_images": (np.float32, (4, 3, 5, 6)),
    "add_video": (np.uint8, (1, 3, 3, 4, 4)),
    "add_audio": (np.float32, (500, 2)),
    "add_tensor": (np.int16, (3, 4)),
}


@pytest.mark.parametrize("method", ARRAYS)
def test_arrays_are_written_as_from_the_host(cuda, tmp_path, method):
    dtype, shape = ARRAYS[method]
    rng = np.random.default_rng(1)
    array = (
        rng.uniform(0, 1, shape).astype(dtype) if dtype == np.float32 else rng.integers(0, 200, shape, dtype)
    )
    with SummaryWriter(tmp_path / "host") as host, SummaryWriter(tmp_path / "deferred") as deferred:
        getattr(host, method)("tag", array, 3, walltime=4.0)
        tensor = cuda.tensor(array, dtype)
        with cuda.held():
            getattr(deferred, method)("tag", tensor, 3, walltime=4.0)
            tensor.set(0)
    (expected,), (written,) = oracle.logged(tmp_path / "host"), oracle.logged(tmp_path / "deferred")
    if method == "add_histogram":
        # The order in which a device adds is its own: SEMANTICS of the sums, docs/devices.md.
        for field in ("sum", "sum_squares"):
            ours, theirs = (getattr(e.summary.value[0].histo, field) for e in (written, expected))
            assert ours == pytest.approx(theirs, rel=1e-14)
            setattr(written.summary.value[0].histo, field, theirs)
    assert written == expected


def test_a_capture_is_refused(cuda, writer):
    violations = cuda.cuda.violations
    cuda.cuda.capture_stream(cuda.stream, True)
    for log in (writer.add_scalar, writer.add_histogram):
        with pytest.raises(RuntimeError, match="capturing"):
            log("a", cuda.tensor(1.0), 1)
    with pytest.raises(RuntimeError, match="capturing"):
        writer.log({"a": cuda.tensor(1.0), "b": cuda.tensor(2.0)}, 1)
    assert cuda.cuda.violations == violations
    cuda.cuda.capture_stream(cuda.stream, False)


def test_large_arrays_under_way_are_bounded(cuda, writer, monkeypatch):
    monkeypatch.setattr("tickertape.devices.streams._MOST_BYTES", 1000)
    syncs = cuda.cuda.syncs
    with cuda.held():
        writer.add_tensor("first", cuda.tensor(np.arange(200)), 0)
        assert device_registry.find(cuda.tensor(0)).array(cuda.tensor(np.arange(100)), "x") is None
    writer.add_tensor("second", cuda.tensor(np.arange(200)), 0)
    writer.flush(wait=True)
    assert len(oracle.logged(writer.log_dir)) == 2
    assert cuda.cuda.syncs <= syncs + 1


def test_a_writer_without_a_disk_asks_no_device(cuda, tmp_path):
    syncs = cuda.cuda.syncs
    with cuda.held(), SummaryWriter(tmp_path / "none", write_to_disk=False) as writer:
        writer.add_scalar("a", cuda.tensor(1.0), 1)
        writer.log({"a": cuda.tensor(1.0)}, 1)
        writer.add_histogram("h", cuda.tensor(np.arange(3)), 1)
        with pytest.raises(ValueError, match="scalar_value"):
            writer.add_scalar("a", cuda.tensor(np.zeros(2)), 1)
    assert cuda.cuda.syncs == syncs
    assert not (tmp_path / "none").exists()
