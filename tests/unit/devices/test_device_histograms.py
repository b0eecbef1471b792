"""Histograms as a device counts them: torch operations, run here on CPU tensors, against NumPy and the core's counts."""

import numpy as np
import pytest
from tickertape import _core
from tickertape.convert.arrays import as_array
from tickertape.devices import device_histograms
from tickertape.writer.histograms import tensorflow_edges

torch = pytest.importorskip("torch")

EDGES = np.array(tensorflow_edges(), np.float64)
FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2)
INTEGERS = tuple(getattr(torch, f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64))


def adversarial() -> np.ndarray:
    """Values on, just below and just above every edge, the ends of the types, zeros of both signs, and what is none."""
    odd = [
        0.0,
        -0.0,
        *(sign * number for number in (5e-324, 1e-45, 6e-8, 65504, 3.4e38, 1e300) for sign in (1, -1)),
    ]
    none = [np.nan, -np.nan, np.inf, -np.inf]
    near32 = [np.nextafter(EDGES.astype(np.float32), np.float32(side)) for side in (-np.inf, np.inf)]
    near64 = [np.nextafter(EDGES, side) for side in (-np.inf, np.inf)]
    return np.concatenate([EDGES, *near32, *near64, odd, none])


def integers(dtype: "torch.dtype") -> np.ndarray:
    info = torch.iinfo(dtype)
    around = [round(edge) + more for edge in EDGES for more in (-1, 0, 1)]
    limits = [info.min, info.min + 1, info.max - 1, info.max, 2**53 - 1, 2**53 + 1, 2**62 + 1, 2**63 - 1025]
    inside = [number for number in around + limits if info.min <= number <= info.max]
    return np.array(inside, str(dtype).removeprefix("torch."))


def check(tensor: "torch.Tensor") -> None:
    """The counts are NumPy's, and all that is exact is the core's."""
    packed = device_histograms.counts(tensor)
    assert packed.shape == (device_histograms.WORDS,)
    words = packed.numpy()
    nans, infinite, below, above = words[[0, 1, 6, -1]]
    least, greatest, total, squares = words[2:6].view(np.float64)
    bins = words[7:-1]

    wide = tensor.double().numpy().reshape(-1)
    finite = wide[np.isfinite(wide)]
    expected, _ = np.histogram(finite, EDGES)
    np.testing.assert_array_equal(bins, expected)
    assert (below, above) == (np.sum(finite < EDGES[0]), np.sum(finite > EDGES[-1]))
    assert (nans, infinite) == (np.isnan(wide).sum(), np.isinf(wide).sum())

    array, dtype = as_array(tensor, "values")
    low, high, num, core_sum, core_squares, _, counted, core_nans, core_infinite = _core.histogram(
        array, dtype, None, None
    )
    assert (nans, infinite) == (core_nans, core_infinite)
    assert words[6:].sum() == num == counted.sum()
    if num:
        assert (least, greatest) == (low, high)
        assert not np.signbit(least) or least < 0
        with np.errstate(over="ignore"):
            magnitude = np.abs(finite).sum()
        assert total == core_sum or abs(total - core_sum) <= 8 * np.spacing(magnitude)
        assert squares == core_squares or abs(squares - core_squares) <= 8 * np.spacing(core_squares)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_floats_around_every_edge(dtype) -> None:
    check(torch.from_numpy(adversarial()).to(dtype))


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integers_around_every_edge(dtype) -> None:
    check(torch.from_numpy(integers(dtype)))


def test_truth_values() -> None:
    check(torch.tensor([True, False, True]))


@pytest.mark.parametrize("only", [0.0, -0.0, 1.0, -3.0, 1e30, float("nan"), float("inf")])
def test_one_value(only: float) -> None:
    check(torch.tensor(only))
    check(torch.full((3, 4), only, dtype=torch.float64))


def test_layouts() -> None:
    torch.manual_seed(1)
    values = torch.randn(40, 30)
    for tensor in (values.T, values[::3, 1::2], values.expand(4, 40, 30), torch.nn.Parameter(values)):
        check(tensor.detach())
        assert not device_histograms.counts(tensor).requires_grad


def test_parts_add_up(monkeypatch) -> None:
    torch.manual_seed(2)
    values = torch.cat([torch.randn(1000) * 10.0**power for power in range(-14, 24)])
    values[::97] = float("nan")
    values[5::101] = -float("inf")
    whole = device_histograms.counts(values)[6:]
    monkeypatch.setattr(device_histograms, "_CHUNK", 777)
    check(values)
    torch.testing.assert_close(device_histograms.counts(values)[6:], whole, rtol=0, atol=0)


def test_sums_overflow_as_on_the_cpu() -> None:
    check(torch.tensor([1e200, 1e308, 1e308, 1.0], dtype=torch.float64))


def test_in_inference_mode_and_with_default_dtype_changed() -> None:
    values = torch.randn(100)
    expected = device_histograms.counts(values)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode():
            inside = device_histograms.counts(values)
    finally:
        torch.set_default_dtype(torch.float32)
    assert inside.tolist() == expected.tolist()


def test_nothing_asks_for_a_value() -> None:
    """On the meta device, where asking for a value (a sync on a GPU) raises."""
    for dtype in (*FLOATS, *INTEGERS, torch.bool):
        assert device_histograms.counts(torch.empty(7, 3, dtype=dtype, device="meta")).is_meta
