"""On a real CUDA (or ROCm) device: no call synchronises, every value is what .item() says. Skipped without one."""

import contextlib
import threading

import numpy as np
import pytest
import tickertape
import torch
from support import oracle
from support.torch_types import TYPES
from tickertape import ScalarBuffer, SummaryWriter

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

# Cycles of torch.cuda._sleep: some tenths of a second on the devices of today, far longer than the calls of a test.
BUSY = 500_000_000


@contextlib.contextmanager
def no_syncs():
    """A call that makes the host wait for the device raises."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@contextlib.contextmanager
def busy_device():
    """The device has so much to do that it is still at it in the end: whoever waits for it shows."""
    torch.cuda._sleep(BUSY)
    done = torch.cuda.Event()
    done.record()
    with no_syncs():
        yield
    assert not done.query(), "a call waited for the device"


@pytest.fixture(scope="module", autouse=True)
def warm(tmp_path_factory):
    """What happens once: memory is page-locked, kernels are loaded."""
    with SummaryWriter(tmp_path_factory.mktemp("warm")) as writer:
        many = torch.randn(1000, device="cuda")
        for _ in range(2):
            writer.add_scalar("a", many[0])
            writer.log({"a": many[0], "b": many[1]})
            writer.add_scalars("a", {"b": many[0]})
            writer.add_histogram("a", many)
            writer.add_image("a", many[:48].reshape(3, 4, 4))
            writer.add_tensor("a", many)


def test_no_call_waits(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        loss = torch.tensor(0.0, device="cuda", requires_grad=True)
        many = torch.randn(1000, device="cuda")
        with busy_device():
            for step in range(10):
                writer.add_scalar("one", loss, step)
                writer.log({"x": loss, "y": many[3], "host": 1.0}, step)
                writer.add_scalars("both", {"device": loss, "host": 3.0}, step)
                writer.add_histogram("h", many, step)
                writer.add_histogram("three", many, step, bins=[0.0, 1.0])
                writer.add_image("image", many[:48].reshape(3, 4, 4), step)
                writer.add_tensor("tensor", many, step)
                writer.flush()
    assert len(oracle.logged(tmp_path)) == 10 * 6
    assert tickertape.stats()["events_late"] == 0


def test_values_are_those_of_the_call(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        value = torch.zeros((), device="cuda")
        with busy_device():
            for step in range(200):
                writer.add_scalar("a", value, step)
                value.add_(1)
                writer.log({"b": value, "c": value * 2}, step)
                value.add_(1)
    assert oracle.values(tmp_path) == [
        entry
        for step in range(200)
        for entry in (("a", step, 2.0 * step), ("b", step, 2.0 * step + 1), ("c", step, 4.0 * step + 2))
    ]


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_every_type_is_what_item_says(tmp_path, dtype):
    values = [torch.tensor(value, device="cuda").to(dtype) for value in (0, 1, 1.75, 100)]
    with SummaryWriter(tmp_path) as writer, no_syncs():
        for step, value in enumerate(values):
            writer.add_scalar("a", value, step)
            writer.log({"b": value, "c": value.reshape(1, 1)}, step)
    expected = [np.float32(value.float().item()) for value in values]
    assert oracle.values(tmp_path) == [
        (tag, step, value) for step, value in enumerate(expected) for tag in ("a", "b", "c")
    ]


def test_types_side_by_side(tmp_path):
    values = {
        str(dtype): torch.tensor(3, device="cuda").to(dtype) for dtype in TYPES if dtype != torch.bool
    } | {"large": torch.tensor(2**53 - 1, device="cuda")}
    with SummaryWriter(tmp_path) as writer, no_syncs():
        writer.log(values, 1)
    assert [value for _, _, value in oracle.values(tmp_path)] == [
        np.float32(value.double().item()) for value in values.values()
    ]


def test_streams_and_threads(tmp_path):
    def log(writer, number):
        with torch.cuda.stream(torch.cuda.Stream()):
            value = torch.zeros((), device="cuda")
            for step in range(300):
                writer.add_scalar(str(number), value, step)
                value.add_(1)

    with SummaryWriter(tmp_path) as writer:
        threads = [threading.Thread(target=log, args=(writer, number)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    values = oracle.values(tmp_path)
    assert len(values) == 1200
    assert all(step == value for _, step, value in values)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="one device")
def test_two_devices(tmp_path):
    with SummaryWriter(tmp_path) as writer, no_syncs():
        for step in range(100):
            here, there = (torch.tensor(float(step), device=f"cuda:{index}") for index in (0, 1))
            writer.log({"here": here, "there": there}, step)
            writer.add_scalar("alone", there, step)
    assert all(step == value for _, step, value in oracle.values(tmp_path))
    assert len(oracle.values(tmp_path)) == 300


@pytest.mark.parametrize("dtype", [t for t in TYPES if t.itemsize > 1 or t.is_floating_point], ids=str)
def test_histograms_are_those_of_the_cpu(tmp_path, dtype):
    torch.manual_seed(1)
    values = torch.cat([torch.randn(3000) * 10.0**power for power in range(-14, 24, 2)])
    if dtype.is_floating_point:
        values[::97] = float("nan")
        values[5::101] = -float("inf")
    else:
        values = values.nan_to_num().clamp(0, 100)
    values = values.to(dtype)
    on_device = values.cuda()
    with (
        pytest.warns(RuntimeWarning) if dtype.is_floating_point else contextlib.nullcontext(),
        SummaryWriter(tmp_path / "cpu") as cpu,
        SummaryWriter(tmp_path / "gpu") as gpu,
    ):
        cpu.add_histogram("h", values, 1, walltime=1.0)
        with no_syncs():
            gpu.add_histogram("h", on_device, 1, walltime=1.0)
        on_device.zero_()
        gpu.flush(wait=True)
        cpu.add_scalar("warn", 0.0)
        gpu.add_scalar("warn", 0.0)
    (theirs, _), (ours, _) = oracle.logged(tmp_path / "cpu"), oracle.logged(tmp_path / "gpu")
    theirs, ours = theirs.summary.value[0].histo, ours.summary.value[0].histo
    for field in ("min", "max", "num", "bucket", "bucket_limit"):
        assert getattr(ours, field) == getattr(theirs, field)
    assert ours.sum == pytest.approx(theirs.sum, rel=1e-12)
    assert ours.sum_squares == pytest.approx(theirs.sum_squares, rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.bfloat16], ids=str)
def test_images_are_those_of_the_cpu(tmp_path, dtype):
    images = (torch.rand(4, 3, 20, 30) * (1 if dtype.is_floating_point else 255)).to(dtype)
    with SummaryWriter(tmp_path / "cpu") as cpu, SummaryWriter(tmp_path / "gpu") as gpu:
        cpu.add_images("i", images, 1, walltime=1.0)
        on_device = images.cuda()
        with no_syncs():
            gpu.add_images("i", on_device, 1, walltime=1.0)
            gpu.add_image("view", on_device[0].permute(1, 2, 0), 2, dataformats="HWC")
        on_device.zero_()
    ours, theirs = oracle.logged(tmp_path / "gpu"), oracle.logged(tmp_path / "cpu")
    assert ours[0] == theirs[0]


def test_inside_a_captured_graph(tmp_path):
    buffer = ScalarBuffer(["loss", "norm"], device="cuda")
    weights = torch.zeros(3, device="cuda")
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("in flight", weights[0], 0)  # polled during the capture
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            weights.add_(1)
            buffer["loss"] = weights.sum()
        torch.cuda.current_stream().wait_stream(side)
        weights.zero_()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            weights.add_(1)
            with pytest.raises(RuntimeError, match="ScalarBuffer"):
                writer.add_scalar("loss", weights[0], 1)
            with pytest.raises(RuntimeError, match="ScalarBuffer"):
                writer.log(buffer, 1)
            buffer["loss"] = weights.sum()
            buffer["norm"] = weights.norm()
            writer.add_scalar("host", 1.0, 0)
            writer.flush()
        with busy_device():
            for step in range(50):
                graph.replay()
                writer.log(buffer, step)
    logged = oracle.values(tmp_path)
    assert logged[:2] == [("in flight", 0, 0.0), ("host", 0, 1.0)]
    assert [value for tag, _, value in logged if tag == "loss"] == [3.0 * (step + 1) for step in range(50)]


@pytest.mark.filterwarnings("ignore")  # torch's compiler warns about itself
@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
def test_inside_a_compiled_function(tmp_path, mode):
    buffer = ScalarBuffer(["sum"], device="cuda")

    @torch.compile(mode=mode, fullgraph=True)
    def step(x):
        y = x.square()
        buffer["sum"] = y.sum()
        return y

    with SummaryWriter(tmp_path) as writer:
        for number in range(10):
            step(torch.full((4,), float(number), device="cuda"))
            writer.log(buffer, number)
    assert [value for _, _, value in oracle.values(tmp_path)] == [4.0 * number**2 for number in range(10)]


@pytest.mark.filterwarnings("ignore")
def test_a_call_in_a_compiled_function_breaks_the_graph(tmp_path):
    with SummaryWriter(tmp_path) as writer:

        @torch.compile
        def step(x, number):
            y = x * 2
            writer.add_scalar("a", y.sum(), number)
            y.add_(1)
            writer.log({"b": y.sum(), "c": y.mean()}, number)
            return y

        for number in range(5):
            step(torch.full((4,), float(number), device="cuda"), number)
    assert oracle.values(tmp_path) == [
        (tag, number, value)
        for number in range(5)
        for tag, value in (("a", 8.0 * number), ("b", 8.0 * number + 4), ("c", 2.0 * number + 1))
    ]


def test_wrong_values_raise_at_the_call(writer):
    with no_syncs():
        with pytest.raises(ValueError, match="scalar_value"):
            writer.add_scalar("a", torch.zeros(2, device="cuda"), 1)
        with pytest.raises(TypeError, match="scalar_value"):
            writer.add_scalar("a", torch.zeros((), dtype=torch.complex64, device="cuda"), 1)


def test_exit_without_close_loses_nothing(run_script, tmp_path):
    script = """
import torch
from tickertape import SummaryWriter
writer = SummaryWriter("run")
value = torch.zeros((), device="cuda")
torch.cuda._sleep(200_000_000)
for step in range(1000):
    writer.add_scalar("a", value, step)
    value.add_(1)
"""
    run_script(script)
    assert oracle.values(tmp_path / "run") == [("a", step, float(step)) for step in range(1000)]
