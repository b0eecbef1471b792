"""ScalarBuffer on the CPU, in eager and compiled code. On a device: test_gpu.py."""

import math

import pytest
import torch
from support import oracle
from tickertape import ScalarBuffer


def test_the_values_of_the_moment_are_logged(writer):
    buffer = ScalarBuffer(["loss", "norm"], device="cpu")
    buffer["loss"] = torch.tensor([[1.5]], requires_grad=True)
    buffer["norm"] = 2
    writer.log(buffer, 1)
    buffer["norm"].add_(1)
    writer.log(buffer, 2)
    writer.flush()
    assert oracle.values(writer.log_dir) == [
        ("loss", 1, 1.5),
        ("norm", 1, 2.0),
        ("loss", 2, 1.5),
        ("norm", 2, 3.0),
    ]


def test_it_stands_beside_other_values(writer):
    buffer = ScalarBuffer(["loss"], device="cpu")
    buffer["loss"] = torch.tensor(0.5)
    writer.log({"train": buffer, "lr": 0.25}, 1)
    writer.flush()
    assert oracle.values(writer.log_dir) == [("train/loss", 1, 0.5), ("lr", 1, 0.25)]


def test_what_was_never_written_is_nan(writer):
    buffer = ScalarBuffer(["loss"], device="cpu")
    writer.log(buffer, 1)
    writer.flush()
    ((_, _, value),) = oracle.values(writer.log_dir)
    assert math.isnan(value)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.int64])
def test_types(dtype):
    buffer = ScalarBuffer(["n"], device="cpu", dtype=dtype)
    buffer["n"] = torch.tensor(100)
    assert buffer.items() == [("n", 100.0)]
    assert buffer["n"].dtype == dtype


def test_it_may_be_made_and_written_in_inference_mode():
    with torch.inference_mode():
        buffer = ScalarBuffer(["n"], device="cpu")
        buffer["n"] = torch.tensor(1.0)
    buffer["n"] = torch.tensor(2.0)
    assert buffer.items() == [("n", 2.0)]


@pytest.mark.parametrize(
    ("names", "options", "error"),
    [
        ([], {}, ValueError),
        (["a", "a"], {}, ValueError),
        ("loss", {}, TypeError),
        ([1], {}, TypeError),
        (["a"], {"dtype": torch.complex64}, TypeError),
        (["a"], {"dtype": "float32"}, TypeError),
    ],
)
def test_bad_arguments(names, options, error):
    with pytest.raises(error, match=r"names|dtype"):
        ScalarBuffer(names, device="cpu", **options)


def test_bad_values():
    buffer = ScalarBuffer(["a"], device="cpu")
    with pytest.raises(ValueError, match="'a'"):
        buffer["a"] = torch.zeros(2)
    with pytest.raises(KeyError):
        buffer["b"] = 1.0
    assert "b" not in buffer
    assert list(buffer) == list(buffer.keys()) == ["a"]
    assert len(buffer) == 1


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.filterwarnings("ignore")  # torch's compiler warns about itself
def test_inside_a_compiled_function(backend):
    buffer = ScalarBuffer(["loss", "norm"], device="cpu")

    def step(weights):
        loss = weights.square().sum()
        buffer["loss"] = loss
        buffer["norm"] = weights.norm()
        return loss

    torch.compiler.reset()
    compiled = torch.compile(step, backend=backend, fullgraph=True)
    for scale in (1.0, 2.0):
        weights = (torch.tensor([3.0, 4.0]) * scale).requires_grad_()
        compiled(weights).backward()
        assert torch.equal(weights.grad, weights.detach() * 2)
        assert buffer.items() == [("loss", 25.0 * scale**2), ("norm", 5.0 * scale)]
