"""Histograms of adversarial values in every type against numpy.histogram: edges, their neighbours, denormals, huge ones.

NumPy and torch count nothing beyond the outermost edges; we count finite values there in a bin of its own on either side.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import ml_dtypes_or_none
from tickertape import _core

pytestmark = pytest.mark.usefixtures("every_cpu")

# torch's bins="tensorflow" (SummaryWriter._get_default_bins); test_histograms.py asks torch itself, which need not be here.
_positive = [1e-12]
while _positive[-1] * 1.1 < 1e20:
    _positive.append(_positive[-1] * 1.1)
EDGES = np.array([-edge for edge in _positive[::-1]] + [0.0] + _positive)
RNG = np.random.default_rng(21)
FLOATS = {"float16": np.uint16, "bfloat16": np.uint16, "float32": np.uint32, "float64": np.uint64}
INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]


def to_bfloat16(values):
    """The bits of the nearest bfloat16 of float32 values that are not NaN, ties to even."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def as_doubles(elements, dtype):
    """The values of the elements; bfloat16 comes as uint16."""
    if dtype == "bfloat16":
        elements = (elements.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(invalid="ignore"):  # signalling NaN
        return elements.astype(np.float64)


def from_doubles(values, dtype):
    with np.errstate(over="ignore"):
        return to_bfloat16(values) if dtype == "bfloat16" else values.astype(dtype)


def neighbours(elements, dtype, reach):
    """The elements with `reach` neighbours to either side: the bits count up and down from zero."""
    bits = elements.view(FLOATS[dtype])
    magnitude = bits & ~np.array(1 << (8 * bits.itemsize - 1), bits.dtype)
    sign = bits ^ magnitude
    near = [sign | np.where(magnitude >= step, magnitude - step, step) for step in range(reach + 1)]
    near += [sign | (magnitude + step).astype(bits.dtype) for step in range(1, reach + 1)]
    return np.concatenate(near).astype(bits.dtype).view(elements.dtype)


def special(dtype):
    """Zeros of both signs, the smallest and largest denormals and normals, the largest number, infinity, NaN."""
    mantissa = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}[dtype]
    width = 8 * FLOATS[dtype]().itemsize
    infinity = (1 << (width - 1)) - (1 << mantissa)
    magnitudes = [0, 1, 2, (1 << mantissa) - 1, 1 << mantissa, infinity - 1, infinity, infinity + 1]
    bits = np.array(magnitudes + [value | 1 << (width - 1) for value in magnitudes], FLOATS[dtype])
    return bits if dtype == "bfloat16" else bits.view(dtype)


def adversarial(dtype):
    """Every edge that the type reaches with two neighbours to either side, special values, and huge ones."""
    if dtype in FLOATS:
        huge = np.array([1e20, 3e38, 1.5e308, np.nextafter(EDGES[-1], np.inf), np.nextafter(EDGES[-1], 0)])
        near = neighbours(from_doubles(np.concatenate([EDGES, huge, -huge]), dtype), dtype, 2)
        return np.concatenate([near, special(dtype)])
    info = np.iinfo(dtype)
    if info.bits <= 16:
        return np.arange(info.min, info.max + 1).astype(dtype)
    inside = EDGES[(info.min < EDGES) & (info.max * 0.999 > EDGES)]
    powers = 2 ** np.arange(1, info.bits - 1, dtype=np.uint64).astype(object)
    whole = [int(edge) + step for edge in inside for step in (-2, -1, 0, 1, 2)]
    whole += [sign * int(power) + step for power in powers for sign in (1, -1) for step in (-1, 0, 1)]
    whole += [info.min, info.min + 1, info.max - 1, info.max]
    return np.array([value for value in whole if info.min <= value <= info.max], dtype)


def expected(values, edges=EDGES, outer_bins=True):
    """(limits, counts) by numpy.histogram, with a bin beyond the outermost edges where finite values lie there."""
    finite = values[np.isfinite(values)]
    inside = finite[np.abs(finite) <= edges[-1]] if outer_bins else finite
    counts = np.histogram(inside, edges)[0].astype(float)
    if outer_bins and np.any(finite < edges[0]):
        edges = np.concatenate([[finite.min()], edges])
        counts = np.concatenate([[np.sum(finite < edges[1])], counts])
    if outer_bins and np.any(finite > edges[-1]):
        above = np.sum(finite > edges[-1])
        edges = np.concatenate([edges, [finite.max()]])
        counts = np.concatenate([counts, [above]])
    used = np.flatnonzero(counts)
    if len(used) == 0:
        return [edges[-1]], [0.0]
    first, end = used[0], used[-1] + 1
    return edges[first : end + 1].tolist(), [0.0, *counts[first:end].tolist()]


def check(elements, dtype, bins=None):
    values = as_doubles(elements, dtype)
    finite = values[np.isfinite(values)]
    low, high, num, total, squares, limits, counts, nans, infinities = _core.histogram(
        elements, dtype, bins, None
    )
    assert (num, nans, infinities) == (len(finite), np.isnan(values).sum(), np.isinf(values).sum())
    assert (low, high) == ((finite.min(), finite.max()) if len(finite) else (0, 0))
    if bins is None:
        wanted = expected(values)
    elif isinstance(bins, int):
        wanted = expected(finite, np.histogram_bin_edges(finite, bins), outer_bins=False)
    else:
        wanted = expected(finite, np.asarray(bins), outer_bins=False)
    assert limits.tolist() == wanted[0]
    assert counts.tolist() == wanted[1]
    with np.errstate(over="ignore", invalid="ignore"):
        assert abs(total - finite.sum()) <= 1e-13 * np.abs(finite).sum() or not np.isfinite(finite.sum())
        assert squares == pytest.approx((finite * finite).sum(), rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
def test_all_together(dtype):
    elements = adversarial(dtype)
    assert len(elements) >= 256
    check(elements, dtype)
    check(RNG.permutation(elements), dtype)
    check(elements[::-1].repeat(3), dtype)


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
def test_each_by_itself(dtype):
    """Together two values that change places would not be seen."""
    elements = np.unique(adversarial(dtype))
    values = as_doubles(elements, dtype)
    keep = np.abs(values) <= EDGES[-1]  # the others: test_all_together, and the next one; no NaN either
    elements, values = elements[keep], values[keep]
    bins = np.minimum(
        np.searchsorted(EDGES, values, "right") - 1, len(EDGES) - 2
    )  # as numpy.histogram does it
    for i, (element, value) in enumerate(zip(elements, values, strict=True)):
        low, _, num, _, _, limits, counts, _, _ = _core.histogram(elements[i : i + 1], dtype, None, None)
        assert (low, num, counts.tolist()) == (value, 1, [0, 1]), element
        assert limits.tolist() == EDGES[bins[i] : bins[i] + 2].tolist(), element


@pytest.mark.parametrize("dtype", FLOATS)
def test_each_that_numpy_does_not_count(dtype):
    elements = np.unique(adversarial(dtype))
    values = as_doubles(elements, dtype)
    outside = elements[~(np.abs(values) <= EDGES[-1])]
    assert len(outside) >= (2 if dtype == "float16" else 10)
    for i in range(len(outside)):
        check(outside[i : i + 1], dtype)
        check(np.concatenate([outside[i : i + 1], elements[:5], from_doubles(np.ones(9), dtype)]), dtype)


def test_zeros_of_both_signs():
    for dtype in FLOATS:
        zeros = from_doubles(np.array([0.0, -0.0] * 20 + [-0.0]), dtype)
        check(zeros, dtype)
        check(zeros[1::2], dtype)
        check(np.concatenate([zeros, special(dtype)]), dtype)
    limits, counts = expected(np.array([-0.0, 0.0]))
    assert (limits, counts) == ([0, 1e-12], [0, 2])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_half(dtype):
    bits = np.arange(65536, dtype=np.uint16)
    check(bits.view(np.float16) if dtype == "float16" else bits, dtype)


def test_bfloat16_is_what_ml_dtypes_says():
    if ml_dtypes_or_none.ml_dtypes is None:
        pytest.skip("ml_dtypes is not installed")
    values = np.concatenate([EDGES, RNG.normal(size=1000)]).astype(np.float32)
    theirs = values.astype(ml_dtypes_or_none.ml_dtypes.bfloat16).view(np.uint16)
    np.testing.assert_array_equal(to_bfloat16(values), theirs)


@given(
    elements=hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.float16, np.int64, np.uint64, np.int32, np.int8]),
        hnp.array_shapes(max_dims=1, max_side=200),
    )
)
def test_any_values(elements):
    """Also NaN, infinity, and values beyond NumPy's edges."""
    with np.errstate(over="ignore", invalid="ignore"):
        check(elements, elements.dtype.name)


def between(low, high, count, dtype):
    """Ascending edges in the type's own numbers, some of them twice, as doubles."""
    edges = as_doubles(from_doubles(np.sort(RNG.uniform(low, high, count)), dtype), dtype)
    return np.sort(np.concatenate([edges, edges[::7]]))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("count", [2, 3, 64, 65, 1000])
def test_between_edges(dtype, count):
    edges = between(-3, 3, count, dtype)
    elements = np.concatenate([neighbours(from_doubles(edges, dtype), dtype, 2), special(dtype)])
    check(elements, dtype, edges)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_between_edges(dtype):
    info = np.iinfo(dtype)
    low, high = max(info.min, -100), min(info.max, 100)
    elements = np.array([*range(low, high + 1), info.min, info.max], dtype)
    edges = np.sort(np.concatenate([np.arange(low, high, 3), np.arange(low, high, 7) + 0.5]))
    check(elements, dtype, edges.astype(float))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("bins", [1, 2, 3, 7, 30, 64, 999])
@pytest.mark.parametrize("span", [(0, 1), (-1, 1), (-0.1, 0.7), (1e-3, 60000), (-7, -6.5)])
def test_equal_bins(dtype, bins, span):
    ends = from_doubles(np.array(span, float), dtype)
    edges = np.linspace(*as_doubles(ends, dtype), bins + 1)
    near = neighbours(from_doubles(edges, dtype), dtype, 2)
    values = as_doubles(near, dtype)
    low, high = as_doubles(ends, dtype)
    inside = near[(values >= low) & (values <= high)]
    check(np.concatenate([ends, inside]), dtype, bins)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("bins", [1, 3, 10, 64, 255, 256, 1000])
def test_equal_bins_of_integers(dtype, bins):
    check(adversarial(dtype), dtype, bins)
