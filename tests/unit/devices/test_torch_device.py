"""What is done with a torch tensor before it travels, on CPU tensors that say they are elsewhere: types, shapes, modes.

Copies end at once here; test_deferred_values.py has copies that end later, test_gpu.py has real devices.
"""

import contextlib

import numpy as np
import pytest
import tickertape
import torch
from support import fake_device, oracle
from support.torch_modes import MODES
from support.torch_types import TYPES
from tickertape.convert import device_registry
from tickertape.devices import hooks

torch_tensors = hooks._torch_tensors()  # imported as hooks do it: kept out of compiled graphs


class Elsewhere(torch.Tensor):
    """A tensor that says it is on an accelerator."""

    @property
    def is_cpu(self):
        return False

    def item(self):
        raise AssertionError("asked for a value")

    __float__ = __bool__ = __int__ = __index__ = tolist = numpy = cpu = item


class Event:
    """Says that the device is past it once the test does."""

    passed = True
    error = None

    def record(self, stream):
        assert stream is Library.stream

    def query(self):
        if Event.error:
            raise RuntimeError(Event.error)
        return Event.passed


class Library:
    """What torch.cuda is for CUDA."""

    stream = object()
    capturing = False
    Event = Event
    device = contextlib.nullcontext
    current_device = staticmethod(lambda: None)
    current_stream = staticmethod(lambda _device: Library.stream)
    is_current_stream_capturing = staticmethod(lambda: Library.capturing)


@pytest.fixture(scope="module")
def device():
    made = torch_tensors.TorchDevice(torch.device("cpu"), Library)
    made.locks_pages = False
    device_registry.find_by(Elsewhere, lambda _tensor: made)
    yield made
    device_registry.find_by(Elsewhere, lambda _tensor: None)


@pytest.fixture(autouse=True)
def calm():
    fake_device.install()
    yield
    Event.passed, Event.error, Library.capturing = True, None, False


def elsewhere(values, dtype=torch.float32):
    return torch.tensor(values).to(dtype).as_subclass(Elsewhere)


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("value", [0, 1, 1.75, 100])
def test_every_type(device, writer, dtype, value):
    tensor = torch.tensor(value).to(dtype)
    writer.add_scalar("one", tensor.as_subclass(Elsewhere), 1, new_style=True, double_precision=True)
    writer.log({"x": tensor.as_subclass(Elsewhere), "y": tensor.reshape(1, 1).as_subclass(Elsewhere)}, 2)
    writer.flush(wait=True)
    one, two = oracle.logged(writer.log_dir)
    expected = tensor.double().item()
    assert one.summary.value[0].tensor.double_val == [expected]
    assert [v.simple_value for v in two.summary.value] == [np.float32(expected)] * 2


@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize("first", range(len(MODES)))
def test_modes_of_the_caller(device, writer, requires_grad, first):
    """The memory is made in one mode, and used again in the others."""
    device.forget()
    for round_ in range(2):
        for step, mode in enumerate(MODES[first:] + MODES[:first]):
            value = torch.tensor(float(step), device="cpu", requires_grad=requires_grad)
            with mode():
                one = value.as_subclass(Elsewhere)
                writer.add_scalar("a", one, step)
                writer.log({"b": one, "c": one}, step)
            writer.flush(wait=True)
            assert len(oracle.values(writer.log_dir)) == 3 * (round_ * len(MODES) + step + 1)
    assert all(step == value for _, step, value in oracle.values(writer.log_dir))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda: elsewhere([1.0, 2.0]), ValueError),
        (lambda: elsewhere([]), ValueError),
        (lambda: elsewhere(1 + 2j, torch.complex64), TypeError),
        (lambda: torch.tensor(1.0, device="meta"), ValueError),
    ],
)
def test_wrong_values_raise_at_the_call(device, writer, wrong, error):
    with pytest.raises(error, match="scalar_value"):
        writer.add_scalar("a", wrong(), 1)
    with pytest.raises(error, match=r"values\['b'\]"):
        writer.log({"a": elsewhere(1.0), "b": wrong()}, 1)
    writer.flush(wait=True)
    assert oracle.logged(writer.log_dir) == []


def test_sparse_tensors_are_refused():
    with pytest.raises(TypeError, match=r"value: expected a dense tensor"):
        torch_tensors.whole(torch.tensor([1.0]).to_sparse(), "value")


def test_a_capture_names_the_way_out(device, writer):
    Library.capturing = True
    for log in (
        lambda: writer.add_scalar("loss", elsewhere(1.0), 1),
        lambda: writer.log({"loss": elsewhere(1.0)}, 1),
        lambda: writer.add_scalars("loss", {"a": elsewhere(1.0)}, 1),
        lambda: writer.add_histogram("loss", elsewhere([1.0]), 1),
        lambda: writer.add_image("loss", elsewhere([[[1.0]]]), 1),
    ):
        with pytest.raises(RuntimeError, match="ScalarBuffer"):
            log()


def test_a_buffer_has_the_values_of_the_call(device, writer):
    buffer = tickertape.ScalarBuffer(["a", "b"], device="cpu")
    buffer._slots = {name: slot.as_subclass(Elsewhere) for name, slot in buffer._slots.items()}
    buffer["a"], buffer["b"] = 1.0, torch.tensor(2.0)
    Event.passed = False
    writer.log(buffer, 1)
    buffer["a"] = 3.0
    Event.passed = True
    writer.flush(wait=True)
    assert oracle.values(writer.log_dir) == [("a", 1, 1.0), ("b", 1, 2.0)]


def test_a_device_that_fails_is_named_at_the_call_or_with_tag_and_step(device, writer, monkeypatch):
    def fail(*_):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    with monkeypatch.context() as patch:
        patch.setattr(torch_tensors.TorchDevice, "copy", fail)
        with pytest.raises(RuntimeError, match=r"scalar_value: cannot be copied from cpu: .*illegal memory"):
            writer.add_scalar("loss", elsewhere(1.0), 1)
    Event.error = "device-side assert"
    writer.add_scalar("loss", elsewhere(1.0), 2)
    with pytest.warns(RuntimeWarning, match=r"'loss' at step 2 .*device-side assert"):  # noqa: PT031  # whichever tells
        writer.flush(wait=True)
        writer.add_scalar("next", 1.0, 3)


@pytest.mark.filterwarnings("ignore")  # torch's compiler warns about itself
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_a_compiled_function_breaks_its_graph_for_a_call(tmp_path, backend):
    """The values are right, and with fullgraph=True there is an error: never a value of the wrong moment."""
    with tickertape.SummaryWriter(tmp_path) as writer:

        def step(x, number):
            y = x * 2
            writer.add_scalar("a", y.sum(), number)
            y.add_(1)
            writer.log({"b": y.sum(), "c": y.mean()}, number)
            y.add_(1)
            writer.add_scalars("d", {"e": y.sum()}, number)
            return y

        torch.compiler.reset()
        compiled = torch.compile(step, backend=backend)
        for number in range(3):
            compiled(torch.ones(2) * number, number)
        torch.compiler.reset()
        with pytest.raises(torch._dynamo.exc.Unsupported):
            torch.compile(step, backend=backend, fullgraph=True)(torch.ones(2), 9)
    assert oracle.values(tmp_path) == [
        (tag, number, value)
        for number in range(3)
        for tag, value in (("a", 4.0 * number), ("b", 4.0 * number + 2), ("c", 2.0 * number + 1))
    ]
    assert oracle.values(tmp_path / "d_e") == [("d", number, 4.0 * number + 4) for number in range(3)]


@pytest.mark.parametrize("method", ["add_histogram", "add_images", "add_tensor"])
@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.filterwarnings("ignore:pixels of .* got up to")
def test_arrays_are_written_as_from_the_host(device, tmp_path, method, dtype):
    array = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).remainder(120).to(dtype)
    with (
        tickertape.SummaryWriter(tmp_path / "host") as host,
        tickertape.SummaryWriter(tmp_path / "deferred") as deferred,
    ):
        getattr(host, method)("tag", array, 3, walltime=4.0)
        getattr(deferred, method)("tag", array.as_subclass(Elsewhere), 3, walltime=4.0)
    assert oracle.logged(tmp_path / "deferred") == oracle.logged(tmp_path / "host")


def test_lists_and_views_of_tensors(device, tmp_path):
    images = [torch.rand(3, 4, 5) for _ in range(3)]
    with (
        tickertape.SummaryWriter(tmp_path / "host") as host,
        tickertape.SummaryWriter(tmp_path / "deferred") as deferred,
    ):
        host.add_images("list", images, 1, walltime=1.0)
        deferred.add_images("list", [image.as_subclass(Elsewhere) for image in images], 1, walltime=1.0)
        view = torch.rand(5, 8, 3).permute(2, 0, 1)[:, ::2]
        host.add_image("view", view, 1, walltime=1.0)
        deferred.add_image("view", view.as_subclass(Elsewhere), 1, walltime=1.0)
        host.add_tensor("complex", view + 1j, 1, walltime=1.0)
        deferred.add_tensor("complex", (view + 1j).as_subclass(Elsewhere), 1, walltime=1.0)
    assert oracle.logged(tmp_path / "deferred") == oracle.logged(tmp_path / "host")


def test_rules_that_look_at_the_values_wait(device, writer):
    with pytest.raises(Exception, match=r"asked for a value|expected an array"):
        writer.add_histogram("h", elsewhere([1.0, 2.0]), 1, bins="auto")


@pytest.mark.filterwarnings("ignore")  # torch's compiler warns about itself
def test_nothing_of_ours_gets_into_a_compiled_graph(device, writer):
    """The core calls Python from inside a compiled function; Dynamo would compile that, too."""
    sources = []

    def record(module, _examples):
        sources.extend(node.stack_trace or "" for node in module.graph.nodes)
        return module.forward

    def step(x, number):
        y = x * 2
        writer.add_scalar("a", y.sum(), number)
        y.add_(1)
        writer.log({"b": y.sum(), "c": y.mean()}, number)
        return y

    device_registry.find_by(torch.Tensor, lambda _tensor: device)
    try:
        torch.compiler.reset()
        compiled = torch.compile(step, backend=record)
        for number in range(3):
            compiled(torch.ones(2) * number, number)
    finally:
        device_registry.find_by(torch.Tensor, hooks._by_torch)
    writer.flush(wait=True)
    assert oracle.values(writer.log_dir) == [
        (tag, number, value)
        for number in range(3)
        for tag, value in (("a", 4.0 * number), ("b", 4.0 * number + 2), ("c", 2.0 * number + 1))
    ]
    assert any(__file__ in source for source in sources)
    assert not any("/tickertape/" in source.replace(__file__, "") for source in sources)
