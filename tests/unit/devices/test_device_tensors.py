"""Scalars of torch's tensors that the core copies by itself, on the simulated device: types, shapes, modes, and what it leaves."""

import numpy as np
import pytest
import tickertape
import torch
from support import fake_torch, oracle
from support.torch_modes import MODES
from support.torch_types import TYPES
from tickertape import _core


@pytest.fixture(scope="module")
def cuda():
    return fake_torch.Cuda()


@pytest.fixture(autouse=True)
def device(cuda):
    attached = cuda.attach()
    yield attached
    cuda.driver.calm()


def logged(writer):
    writer.flush(wait=True)
    return [value for _, _, value in oracle.values(writer.log_dir)]


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("value", [0, 1, 1.75, 100])
def test_every_type(cuda, writer, dtype, value):
    one = fake_torch.tensor(value, dtype)
    writer.add_scalar("one", one, 1, new_style=True, double_precision=True)
    writer.log({"x": one, "y": one.reshape(1, 1)}, 2)
    writer.flush(wait=True)
    first, second = oracle.logged(writer.log_dir)
    expected = torch.tensor(value).to(dtype).double().item()
    assert first.summary.value[0].tensor.double_val == [expected]
    assert [v.simple_value for v in second.summary.value] == [np.float32(expected)] * 2


def test_types_side_by_side_lose_nothing(cuda, writer):
    numbers = {
        torch.int64: 2**53 - 1,
        torch.float16: 65504.0,
        torch.bfloat16: 3e38,
        torch.float64: 1 / 3,
        torch.bool: True,
        torch.uint32: 2**32 - 1,
        torch.int8: -3,
    }
    values = {str(dtype): fake_torch.tensor(number, dtype) for dtype, number in numbers.items()}
    copies = cuda.driver.copies
    found = _core.deferred_scalars(list(values.values()), list(values))
    assert cuda.driver.copies == copies + len(values)
    for step, scalar in enumerate(found):
        writer.add_scalar("x", scalar, step, new_style=True, double_precision=True)
    writer.flush(wait=True)
    assert [event.summary.value[0].tensor.double_val[0] for event in oracle.logged(writer.log_dir)] == [
        torch.tensor(number).to(dtype).double().item() for dtype, number in numbers.items()
    ]


def test_one_copy_for_a_whole_log(cuda, writer):
    copies = cuda.driver.copies
    writer.log({f"tag{i}": fake_torch.tensor(i) for i in range(20)}, 1)
    assert cuda.driver.copies == copies + 1
    writer.add_scalars("main", {str(i): fake_torch.tensor(i) for i in range(5)}, 1)
    assert cuda.driver.copies == copies + 2
    assert logged(writer) == list(range(20))


def test_shapes_side_by_side_are_one_copy(cuda, writer):
    copies = cuda.driver.copies
    writer.log({"a": fake_torch.tensor(1), "b": fake_torch.tensor([2]), "c": fake_torch.tensor([[3]])}, 1)
    assert cuda.driver.copies == copies + 1
    assert logged(writer) == [1, 2, 3]


def test_views_that_torch_negates_when_it_reads_them(cuda, writer):
    view = torch.tensor([1 + 2j]).conj().imag
    assert view.is_neg()
    one = view.as_subclass(fake_torch.CudaTensor)
    copies = cuda.driver.copies
    writer.add_scalar("a", one, 1)
    writer.log({"b": one, "c": one}, 1)
    assert cuda.driver.copies == copies + 2
    assert logged(writer) == [-2, -2, -2]


def test_a_buffer_is_one_copy(cuda, writer):
    buffer = tickertape.ScalarBuffer(["a", "b"], device="cpu")
    buffer._slots = {name: slot.as_subclass(fake_torch.CudaTensor) for name, slot in buffer._slots.items()}
    buffer["a"], buffer["b"] = 1.0, torch.tensor(2.0)
    copies = cuda.driver.copies
    cuda.driver.hold(cuda.stream)
    writer.log(buffer, 1)
    buffer["a"] = 3.0
    cuda.driver.release(cuda.stream)
    assert logged(writer) == [1, 2]
    assert cuda.driver.copies == copies + 1


@pytest.mark.parametrize("requires_grad", [False, True])
def test_modes_of_the_caller(cuda, writer, requires_grad):
    for step, mode in enumerate(MODES):
        one = fake_torch.tensor(float(step), device="cpu", requires_grad=requires_grad)
        with mode():
            grad = torch.is_grad_enabled()
            writer.add_scalar("a", one, step)
            writer.log({"b": one, "c": one}, step)
            assert torch.is_grad_enabled() == grad
    assert logged(writer) == [step for step in range(len(MODES)) for _ in "abc"]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda: fake_torch.tensor([1.0, 2.0]), ValueError),
        (lambda: fake_torch.tensor([]), ValueError),
        (lambda: fake_torch.tensor(1 + 2j, torch.complex64), TypeError),
    ],
)
def test_wrong_values_raise_at_the_call(writer, wrong, error):
    with pytest.raises(error, match="scalar_value"):
        writer.add_scalar("a", wrong(), 1)
    with pytest.raises(error, match=r"values\['b'\]"):
        writer.log({"a": fake_torch.tensor(1.0), "b": wrong()}, 1)
    assert logged(writer) == []


def test_a_capture_names_the_way_out(cuda, writer):
    cuda.driver.capture_stream(cuda.stream, True)
    violations = cuda.driver.violations
    one = fake_torch.tensor(1.0)
    for log in (
        lambda: writer.add_scalar("loss", one, 1),
        lambda: writer.log({"loss": one, "norm": one}, 1),
        lambda: writer.add_scalars("loss", {"a": one}, 1),
    ):
        with pytest.raises(RuntimeError, match="ScalarBuffer"):
            log()
    assert cuda.driver.violations == violations


def test_a_driver_that_fails_is_named_at_the_call_or_with_tag_and_step(cuda, writer):
    cuda.driver.hold(cuda.stream)
    writer.add_scalar("loss", fake_torch.tensor(1.0), 2)
    cuda.driver.fail(700)
    with pytest.warns(RuntimeWarning, match=r"'loss' at step 2 .*ILLEGAL_ADDRESS"):  # noqa: PT031  # whichever tells
        writer.flush(wait=True)
        writer.add_scalar("next", 1.0, 3)


def test_the_first_value_opens_the_device(cuda, writer, monkeypatch):
    """As for a program that has just begun: torch copies the first value, the core the next ones."""
    registered = []
    monkeypatch.setattr(_core, "set_device_tensors", lambda *given: registered.append(given))
    monkeypatch.setattr(torch._C, "_cuda_getCurrentRawStream", len, raising=False)
    _core_types = (torch.Tensor, torch.nn.Parameter)
    made = fake_torch.torch_tensors.TorchDevice(torch.device("cuda", 0), cuda)
    made.locks_pages = False
    assert made.kind == "manual"
    (scalar,) = made.scalars([fake_torch.tensor(2.5)], ["x"])
    writer.add_scalar("a", scalar, 1)
    assert made.kind == "cuda"
    assert registered == [(_core_types, fake_torch.torch_tensors._NAMES, len, fake_torch.torch_tensors.stack)]
    assert logged(writer) == [2.5]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (((1,), {}, len, len), TypeError),
        (((), {1: "float7"}, len, len), ValueError),
        (((), {1: 1}, len, len), TypeError),
        (((), {}, 1, len), TypeError),
        (((), {}, len, None), TypeError),
    ],
)
def test_wrong_registrations(arguments, error):
    with pytest.raises(error):
        _core.set_device_tensors(*arguments)


def test_as_many_names_as_values():
    with pytest.raises(ValueError, match="arguments"):
        _core.deferred_scalars([1.0], [])
    assert _core.deferred_scalars([1.0], ["x"]) == [None]
