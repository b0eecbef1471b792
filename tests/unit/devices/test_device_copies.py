"""Deferred values through the native module, on a simulated device: order, snapshot, no waiting, failures."""

import struct
import sys
import threading
import warnings

import numpy as np
import pytest
import tickertape
from support import device_copies, fake_cuda, oracle
from tickertape import _core


@pytest.fixture
def device():
    fake = fake_cuda.load()
    yield fake
    fake.calm()
    _core.take_done()  # tickertape.devices must not meet the owners of these tests


@pytest.fixture
def file(tmp_path):
    opened = _core.EventFileWriter(str(tmp_path))
    yield opened
    opened.close()


def test_nothing_waits_and_the_order_is_that_of_the_calls(tmp_path, device, file):
    stream, syncs = device.stream(), device.syncs
    device.hold(stream)
    file.add_scalar("before", 1.0, 0)
    file.add_scalar("deferred", device_copies.scalar(device, stream, 2.5), 1)
    file.add_scalar("after", 3.0, 2)
    file.flush()
    assert oracle.values(tmp_path) == [("before", 0, 1.0)]
    assert _core.stats()["events_late"] == 1
    device.release(stream)
    file.flush(wait=True)
    assert oracle.values(tmp_path) == [("before", 0, 1.0), ("deferred", 1, 2.5), ("after", 2, 3.0)]
    assert _core.stats()["events_late"] == 0
    assert device.syncs == syncs


def test_what_happens_to_the_tensor_after_the_call_changes_nothing(tmp_path, device, file):
    stream = device.stream()
    device.hold(stream)
    copy = device_copies.CopiedBytes(device, stream, struct.pack("f", 1.5))
    file.add_scalar("loss", copy.copy.scalar(copy.address, "float32"), 1)
    copy.change(struct.pack("f", -9.0), stream)
    device.release(stream)
    file.close()
    assert oracle.values(tmp_path) == [("loss", 1, 1.5)]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("bool", True),
        ("uint8", 255),
        ("int8", -128),
        ("uint16", 65535),
        ("int16", -32768),
        ("uint32", 4294967295),
        ("int32", -2147483648),
        ("uint64", 2**63),
        ("int64", -(2**53)),
        ("float16", 0.1),
        ("bfloat16", 70000.0),
        ("float32", 1e-42),
        ("float64", 1.1),
    ],
)
def test_every_type_as_numpy_converts_it(tmp_path, device, file, dtype, value):
    stream = device.stream()
    element = np.array(value, device_copies.numpy_dtype(dtype))
    file.add_scalar("a", device_copies.scalar(device, stream, value, dtype), 0)
    file.add_scalar("b", device_copies.scalar(device, stream, value, dtype), 0, None, True, True)
    file.close()
    events = oracle.load(oracle.only_file(tmp_path))
    old, new = (value for event in events for value in event.summary.value)
    assert old.simple_value == np.float32(element)
    assert new.tensor.double_val[0] == np.float64(element)


def test_bytes_are_those_of_a_plain_number(tmp_path, device):
    stream = device.stream()
    calls = [
        {},
        {"new_style": True},
        {"new_style": True, "double_precision": True},
        {"display_name": "D", "summary_description": "what it is"},
        {"new_style": True, "double_precision": True, "display_name": "D"},
    ]
    deferred_file = _core.EventFileWriter(str(tmp_path / "deferred"))
    plain_file = _core.EventFileWriter(str(tmp_path / "plain"))
    for step, options in enumerate(calls):
        deferred_file.add_scalar(
            "täg", device_copies.scalar(device, stream, 0.1, "float64"), step, step + 0.5, **options
        )
        plain_file.add_scalar("täg", 0.1, step, step + 0.5, **options)
    deferred_file.close()
    plain_file.close()
    ours, plain = (oracle.raw_records(oracle.only_file(tmp_path / name)) for name in ("deferred", "plain"))
    assert ours[1:] == plain[1:]


@pytest.fixture
def writer(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as opened:
        yield opened


@pytest.fixture
def hooks():
    """The hooks are the process's: a test gives them back to tickertape.devices.hooks, whose they are."""
    from tickertape.devices import hooks as ours
    from tickertape.devices import live

    yield _core.set_device_hooks
    _core.set_device_hooks(ours.one, ours.many, live.poll)


class OnDevice:
    """Plays a tensor: has an item(), which must not be asked."""

    def __init__(self, value):
        self.value = value

    def item(self):
        raise AssertionError("a device was waited for")


def test_log_mixes_what_is_here_with_what_comes(tmp_path, device, writer, hooks):
    stream = device.stream()
    device.hold(stream)
    asked = []

    def many(values, arguments):
        asked.append(arguments)
        data = np.array([v.value if isinstance(v, OnDevice) else 0 for v in values], np.float32)
        copy = device_copies.CopiedBytes(device, stream, data.tobytes())
        scalars = copy.copy.scalars(copy.address, "float32", len(data))
        return [s if isinstance(v, OnDevice) else None for s, v in zip(scalars, values, strict=True)]

    hooks(None, many, None)
    values = {"a": OnDevice(1.0), "lr": 0.5, "n": {"b": OnDevice(2.0), "c": np.array([3.0])}, "d": 4}
    writer.log(values, 7)
    writer.flush()
    assert oracle.values(tmp_path) == []
    device.release(stream)
    writer.flush(wait=True)
    assert oracle.values(tmp_path) == [
        ("a", 7, 1.0), ("lr", 7, 0.5), ("n/b", 7, 2.0), ("n/c", 7, 3.0), ("d", 7, 4.0),
    ]  # fmt: skip
    assert asked == [["values['a']", "values['n/b']"]]  # NumPy's array is here: nobody is asked about it
    assert len(oracle.logged(tmp_path)) == 1


def test_log_and_add_scalar_take_late_scalars_as_they_are(tmp_path, device, writer):
    stream, other = device.stream(), device.stream()
    writer.log(
        {
            "x": device_copies.scalar(device, stream, 1.0),
            "y": device_copies.scalar(device, other, 2.0),
            "z": 3,
        },
        1,
    )
    writer.add_scalar("x", device_copies.scalar(device, other, 4.0), 2)
    writer.close()
    assert oracle.values(tmp_path) == [("x", 1, 1.0), ("y", 1, 2.0), ("z", 1, 3.0), ("x", 2, 4.0)]


def test_the_hook_decides_for_add_scalar(tmp_path, device, writer, hooks):
    stream = device.stream()

    def one(value, argument):
        assert argument == "scalar_value"
        if isinstance(value, OnDevice):
            return device_copies.scalar(device, stream, value.value)
        if isinstance(value, complex):
            raise TypeError("scalar_value: complex")
        return None

    hooks(one, None, None)
    writer.add_scalar("x", OnDevice(5.0), 1)
    writer.add_scalar("x", np.array(6.0), 2)
    with pytest.raises(TypeError, match="complex"):
        writer.add_scalar("x", 1j, 3)
    hooks(lambda *_: 5, None, None)
    with pytest.raises(TypeError, match="DeferredScalar or None"):
        writer.add_scalar("x", OnDevice(6.0), 2)
    writer.close()
    assert oracle.values(tmp_path) == [("x", 1, 5.0), ("x", 2, 6.0)]


def test_one_arrival_for_several_files(tmp_path, device):
    stream = device.stream()
    device.hold(stream)
    copy = device_copies.CopiedBytes(device, stream, np.arange(3, dtype=np.float32).tobytes())
    files = [_core.EventFileWriter(str(tmp_path / str(i))) for i in range(3)]
    for value, each in zip(copy.copy.scalars(copy.address, "float32", 3), files, strict=True):
        each.add_scalar("main", value, 1)
    del value
    device.release(stream)
    for each in files:
        each.close()
    assert [oracle.values(tmp_path / str(i)) for i in range(3)] == [[("main", 1, float(i))] for i in range(3)]


def test_the_owner_comes_back_once_and_only_when_nobody_writes_to_it(device, file):
    _core.take_done()
    stream = device.stream()
    device.hold(stream)
    logged = device_copies.CopiedBytes(device, stream, struct.pack("f", 1.0))
    file.add_scalar("x", logged.copy.scalar(logged.address, "float32"), 1)
    dropped = device_copies.CopiedBytes(device, stream, struct.pack("f", 1.0))
    logged.copy = dropped.copy = None  # the last that Python has of them
    assert _core.take_done() == []
    device.release(stream)
    file.flush(wait=True)
    device.synchronize(stream)
    assert sorted(map(id, _core.take_done())) == sorted(map(id, (logged, dropped)))
    assert _core.take_done() == []
    before = sys.getrefcount(logged)
    _core.take_done()
    assert sys.getrefcount(logged) == before == 2


def test_a_failed_device_drops_the_event_with_tag_and_step(tmp_path, device, file):
    stream = device.stream()
    device.hold(stream)
    file.add_scalar("broken", device_copies.scalar(device, stream, 1.0), 17)
    file.add_scalar("fine", 2.0, 18)
    device.fail(700)
    with pytest.warns(RuntimeWarning, match=r"'broken' at step 17 .* CUDA_ERROR_ILLEGAL_ADDRESS"):
        file.flush(wait=True)
    assert oracle.values(tmp_path) == [("fine", 18, 2.0)]


def test_a_value_beyond_float32_is_said_when_it_is_here(tmp_path, device, file):
    stream = device.stream()
    device.hold(stream)  # or the drainer may be first, and the call warns
    file.add_scalar("big", device_copies.scalar(device, stream, 1e39, "float64"), 4)
    device.release(stream)
    with pytest.warns(RuntimeWarning, match=r"'big' at step 4 is beyond float32"):
        file.flush(wait=True)
    assert oracle.values(tmp_path) == [("big", 4, float("inf"))]


def test_manual_arrivals(tmp_path, file, hooks):
    memory = np.array([1.0, 2.0])
    here, lost = _core.DeviceCopy(memory, "manual", 0, 1), _core.DeviceCopy(memory, "manual", 0, 2)
    file.add_scalar("here", here.scalar(memory.ctypes.data, "float64"), 1)
    file.add_scalar("lost", lost.scalar(memory.ctypes.data + 8, "float64"), 2)
    assert here.state == lost.state == "waiting"
    here.complete()
    lost.fail("the array was deleted")
    assert (here.state, lost.state) == ("here", "failed")
    with pytest.raises(RuntimeError, match="has ended"):
        here.complete()
    with pytest.warns(RuntimeWarning, match=r"'lost' at step 2 .*: the array was deleted"):
        file.flush(wait=True)
    assert oracle.values(tmp_path) == [("here", 1, 1.0)]


def test_captures_contexts_and_wrong_devices(tmp_path, device, file):
    stream = device.stream()
    device.hold(stream)
    device.capture(True)
    value = device_copies.scalar(device, stream, 1.0)
    file.add_scalar("x", value, 1)
    file.flush()
    device.use_context(0xBEEF)
    file.flush()
    assert device.context == 0xBEEF
    assert device.capture_mode == 0
    device.use_context()
    device.release(stream)
    file.flush(wait=True)
    assert device.violations == 0
    assert oracle.values(tmp_path) == [("x", 1, 1.0)]
    assert _core.open_device("cuda", 3)
    assert not _core.open_device("abacus", 0)
    with pytest.raises(ValueError, match="index"):
        _core.open_device("cuda", -1)
    with pytest.raises(ValueError, match="abacus"):
        _core.DeviceCopy(None, "abacus")
    with pytest.raises(ValueError, match="event"):
        _core.DeviceCopy(None, "cuda")
    with pytest.raises(ValueError, match="manual"):
        device_copies.CopiedBytes(device, stream, b"1234").copy.complete()
    with pytest.raises(ValueError, match="dtype"):
        _core.DeviceCopy(None, "manual").scalar(0, "float7")

    def without_context():
        device.use_context(0)
        with pytest.raises(RuntimeError, match="context"):
            _core.DeviceCopy(None, "cuda", device.event())
        with pytest.raises(RuntimeError, match="context"):
            _core.open_device("cuda", 4)

    thread = threading.Thread(target=without_context)
    thread.start()
    thread.join()


def test_many_threads_and_streams_keep_each_threads_order(tmp_path, device, file):
    count, threads = 300, 4

    def run(index):
        device.use_context()
        stream = device.stream()
        for step in range(count):
            value = float(step)
            file.add_scalar(
                f"t{index}", device_copies.scalar(device, stream, value) if step % 3 else value, step
            )
            if step % 50 == 0:
                file.flush()

    workers = [threading.Thread(target=run, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    file.close()
    found = oracle.values(tmp_path)
    for i in range(threads):
        assert [p for p in found if p[0] == f"t{i}"] == [(f"t{i}", s, float(s)) for s in range(count)]


def test_a_writer_that_is_let_go_gets_its_values_all_the_same(tmp_path, device):
    stream = device.stream()
    device.hold(stream)
    file = _core.EventFileWriter(str(tmp_path))
    file.add_scalar("x", device_copies.scalar(device, stream, 1.0), 1)
    del file
    device.release(stream)
    with warnings.catch_warnings(), _core_open(tmp_path / "other") as other:
        other.add_scalar("y", device_copies.scalar(device, stream, 1.0), 1)
        other.flush(wait=True)  # of the same queue, so what was before it is here, too
        while _core.stats()["events_queued"]:
            other.flush()
    assert oracle.values(tmp_path) == [("x", 1, 1.0)]


class _core_open:
    def __init__(self, directory):
        self.file = _core.EventFileWriter(str(directory))

    def __enter__(self):
        return self.file

    def __exit__(self, *_):
        self.file.close()
