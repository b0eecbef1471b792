"""add_histogram and add_histogram_raw against torch's writer, and what we do with NaN and infinity."""

import numpy as np
import pytest
import tickertape.writer
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import oracle
from tickertape import _core
from torch.utils.tensorboard.summary import make_histogram


def torch_edges():
    """torch's default bins (writer.py), without opening a file."""
    positive = [1e-12]
    while positive[-1] * 1.1 < 1e20:
        positive.append(positive[-1] * 1.1)
    return [-edge for edge in positive[::-1]] + [0] + positive


EDGES = torch_edges()
pytestmark = pytest.mark.usefixtures("every_cpu")
RNG = np.random.default_rng(5)


def assert_histo_equal(ours, theirs):
    """Buckets are equal bit for bit, sums within a few units in the last place of NumPy's."""
    assert list(ours.bucket_limit) == list(theirs.bucket_limit)
    assert list(ours.bucket) == list(theirs.bucket)
    assert (ours.min, ours.max, ours.num) == (theirs.min, theirs.max, theirs.num)
    magnitude = theirs.sum_squares**0.5 * theirs.num**0.5  # bounds the sum of |x|
    assert abs(ours.sum - theirs.sum) <= 1e-14 * magnitude
    assert ours.sum_squares == pytest.approx(theirs.sum_squares, rel=1e-13)


VALUES = {
    "normal": RNG.normal(size=1000),
    "float32": RNG.normal(size=(10, 20, 5)).astype(np.float32),
    "float16": RNG.normal(size=100).astype(np.float16),
    "uniform tiny": RNG.uniform(-1e-14, 1e-14, 50),
    "zeros": np.zeros(4),
    "five": np.array([5.0]),
    "negative zero": np.array([-0.0]),
    "edges": np.array(torch_edges()),
    "just below edges": np.nextafter(torch_edges(), -np.inf)[1:],
    "just above edges": np.nextafter(torch_edges(), np.inf)[:-1],
    "wide": 10.0 ** RNG.uniform(-13, 19.9, 500) * RNG.choice([-1, 1], 500),
    "ints": RNG.integers(-1000, 1000, 300),
    "uint8": RNG.integers(0, 255, 300).astype(np.uint8),
    "int8": np.arange(-128, 128).astype(np.int8),
    "uint64": np.array([0, 1, 2**40, 2**63, 2**64 - 1], np.uint64),
    "bool": np.array([True, False, True]),
    "0-d": np.array(3.5),
    "number": 3.5,
    "numpy number": np.float32(3.5),
    "strided": RNG.normal(size=(20, 30))[::3, ::-2],
    "transposed": RNG.normal(size=(20, 30)).T,
    "big-endian": RNG.normal(size=50).astype(">f8"),
    "broadcast": np.broadcast_to(np.float32(1.5), (3, 4)),
    "tensor": torch.from_numpy(RNG.normal(size=(5, 6))),
    "tensor with gradient": torch.arange(6.0, requires_grad=True),
    "half": torch.arange(6).half(),
    "non-contiguous tensor": torch.arange(24.0).reshape(4, 6).T[::2],
    "int tensor": torch.arange(6),
    "bool tensor": torch.tensor([True, False]),
}
FEW = ("0-d", "number", "numpy number", "five", "negative zero")
BINS = ["tensorflow", 1, 7, 64, 1000, "auto", "fd", "sturges", "doane", "scott", "rice", "sqrt"]


@pytest.mark.parametrize("bins", BINS)
@pytest.mark.parametrize("name", VALUES)
def test_buckets_as_torch(tmp_path, name, bins):
    if (bins == "fd" and (name == "wide" or "edges" in name)) or (bins == "doane" and name in FEW):
        pytest.skip("NumPy itself asks for too many bins, or warns")

    def calls(writer):
        writer.add_histogram("tag", VALUES[name], 3, bins, oracle.WALLTIME)

    theirs, ours = oracle.both(tmp_path, calls)
    assert_histo_equal(oracle.only_value(ours).histo, oracle.only_value(theirs).histo)
    for events in (theirs, ours):
        events[0].summary.value[0].ClearField("histo")
    assert ours == theirs


@pytest.mark.parametrize("edges", [[0.0, 1.0, 2.0, 4.0], (-1, 0, 1), np.linspace(-2, 2, 9), [0, 1, 1, 2]])
@pytest.mark.parametrize("max_bins", [None, 1, 2, 3, 100])
def test_explicit_edges_as_torch(tmp_path, edges, max_bins):
    values = np.array([0.0, 0.5, 1.0, 1.0, 1.999, -0.25])

    def calls(writer):
        writer.add_histogram("tag", values, 3, edges, oracle.WALLTIME, max_bins)

    theirs, ours = oracle.both(tmp_path, calls)
    assert_histo_equal(oracle.only_value(ours).histo, oracle.only_value(theirs).histo)


@pytest.mark.parametrize("max_bins", [1, 2, 10, 100, 700, 1000, 1547, 1548, 5000])
@pytest.mark.parametrize("name", ["normal", "wide", "edges", "five"])
def test_max_bins_as_torch(tmp_path, name, max_bins):
    def calls(writer):
        writer.add_histogram("tag", VALUES[name], 3, walltime=oracle.WALLTIME, max_bins=max_bins)

    theirs, ours = oracle.both(tmp_path, calls)
    assert_histo_equal(oracle.only_value(ours).histo, oracle.only_value(theirs).histo)


@given(
    values=hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.float16, np.int32, np.uint8]),
        hnp.array_shapes(max_side=30),
    ),
    bins=st.sampled_from([None, 1, 10, 33]),
    max_bins=st.sampled_from([None, None, 1, 5, 100]),
)
def test_any_values_as_torch(values, bins, max_bins):
    wide = values.astype(float)
    if not np.all(np.abs(wide) < 9e19) or np.ptp(wide) == np.inf:
        wide = np.where(np.abs(wide) < 9e19, wide, 1.0)
        values = wide.astype(values.dtype)
        wide = values.astype(float)
    if bins is not None and 0 < np.ptp(wide) < 1e-300:
        bins = None  # NumPy cannot divide so small a range
    try:
        expected = make_histogram(wide, EDGES if bins is None else bins, max_bins)
    except ValueError as error:
        assert "Too many bins" in str(error)  # noqa: PT017  # NumPy refuses what we store
        assert _core.histogram(values, values.dtype.name, bins, max_bins)[2] == values.size
        return
    low, high, num, total, squares, limits, counts, nans, infinities = _core.histogram(
        values, values.dtype.name, bins, max_bins
    )
    assert (low, high, num, nans, infinities) == (expected.min, expected.max, expected.num, 0, 0)
    assert limits.tolist() == list(expected.bucket_limit)
    assert counts.tolist() == list(expected.bucket)
    assert abs(total - expected.sum) <= 1e-13 * np.abs(wide).sum() + 1e-300
    assert squares == pytest.approx(expected.sum_squares, rel=1e-13)


def test_bfloat16_is_exact(tmp_path, writer):
    values = torch.tensor([70000.0, 1.0, -0.5], dtype=torch.bfloat16)
    writer.add_histogram("tag", values, 1)
    writer.close()
    histo = oracle.only_value(oracle.logged(tmp_path / "ours")).histo
    assert_histo_equal(histo, make_histogram(values.double().numpy(), EDGES))
    assert histo.max == 70144.0


@pytest.mark.parametrize("bad", [[np.nan], [np.inf, -np.inf], [np.nan, np.inf]])
def test_non_finite_values_are_left_out_with_one_warning_a_tag(tmp_path, writer, bad):
    finite = np.array([1.0, 2.0, 2.5])

    def log():
        for step in range(3):
            writer.add_histogram("mixed", np.concatenate([finite, bad]), step)
        writer.flush()

    with pytest.warns(RuntimeWarning, match="mixed") as caught:
        log()
    assert len(caught) == 1
    writer.close()
    for event in oracle.logged(tmp_path / "ours"):
        assert_histo_equal(event.summary.value[0].histo, make_histogram(finite, EDGES))


def test_all_nan_does_not_raise(tmp_path, writer):

    def log():
        writer.add_histogram("tag", np.full(5, np.nan), 1)
        writer.flush()

    with pytest.warns(RuntimeWarning, match="5 NaN"):
        log()
    writer.add_histogram("good", np.ones(5), 2)
    writer.close()
    empty, good = (event.summary.value[0].histo for event in oracle.logged(tmp_path / "ours"))
    assert empty.num == 0
    assert sum(empty.bucket) == 0
    assert good.num == 5


def test_snapshot(tmp_path, writer):
    values = np.ones(100_000)
    for step in range(20):
        values[:] = step
        writer.add_histogram("tag", values, step)
        writer.add_histogram("strided", values[::3], step)
    values[:] = -1
    writer.close()
    for event in oracle.logged(tmp_path / "ours"):
        histo = event.summary.value[0].histo
        assert histo.min == histo.max == event.step


def test_unaligned_values(tmp_path, writer):
    values = np.frombuffer(b"x" + RNG.normal(size=99).tobytes(), np.float64, offset=1)
    assert not values.flags.aligned
    writer.add_histogram("whole", values)
    writer.add_histogram("strided", values[::2])
    writer.close()
    whole, strided = (event.summary.value[0].histo for event in oracle.logged(tmp_path / "ours"))
    assert_histo_equal(whole, make_histogram(values, EDGES))
    assert_histo_equal(strided, make_histogram(values[::2], EDGES))


def test_values_beyond_float_products(tmp_path, writer):
    """The width of the range is no float64; NumPy raises."""
    writer.add_histogram("tag", np.array([1e308, -1e308, 0.5]), 1, bins=10)
    writer.close()
    histo = oracle.only_value(oracle.logged(tmp_path / "ours")).histo
    assert (histo.min, histo.max, sum(histo.bucket)) == (-1e308, 1e308, 3)
    assert np.all(np.isfinite(histo.bucket_limit))


def test_large_array(tmp_path, writer):
    values = RNG.normal(size=1_000_000).astype(np.float32)
    writer.add_histogram("tag", values, 1)
    writer.close()
    histo = oracle.only_value(oracle.logged(tmp_path / "ours")).histo
    assert_histo_equal(histo, make_histogram(values.astype(float), EDGES))


RAW = {
    "lists": ([1, 2, 3], [1, 0, 3]),
    "arrays": (np.array([1.0, 2.0]), np.array([1, 2])),
    "tensors": (torch.tensor([1.0, 2.0]), torch.tensor([1, 2])),
    "empty": ([], []),
    "infinite": ([1.0, float("inf")], [1, 2]),
}


@pytest.mark.parametrize("name", RAW)
def test_raw_as_torch(tmp_path, name):
    limits, counts = RAW[name]

    def calls(writer):
        writer.add_histogram_raw(
            "tag", -1, 2.5, np.int64(4), torch.tensor(5.5), 6, limits, counts, 3, oracle.WALLTIME
        )

    theirs, ours = oracle.both(tmp_path, calls)
    assert ours == theirs


def test_finite_values_beyond_torchs_edges_are_counted(tmp_path):
    values = np.array([-3e38, -1e25, 1.0, 2e21, 5e30])
    with tickertape.writer.SummaryWriter(tmp_path) as writer:
        writer.add_histogram("h", values, 1)
    histo = oracle.only_value(oracle.logged(tmp_path)).histo
    assert sum(histo.bucket) == histo.num == 5
    assert (histo.bucket_limit[0], histo.bucket[0]) == (-3e38, 0)
    assert histo.bucket[1] == 2
    assert (histo.bucket_limit[-1], histo.bucket[-1]) == (5e30, 2)
