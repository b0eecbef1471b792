"""add_pr_curve and add_pr_curve_raw against torch's writer."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import cpu_sets, oracle
from tickertape import _core
from torch.utils.tensorboard.summary import compute_curve

pytestmark = pytest.mark.usefixtures("every_cpu")
RNG = np.random.default_rng(8)
LABELS = RNG.integers(0, 2, 500)
PREDICTIONS = RNG.uniform(size=500)


def unaligned(array):
    """The same elements, one byte off their alignment."""
    raw = bytearray(array.nbytes + 1)
    raw[1:] = array.tobytes()
    return np.frombuffer(raw, array.dtype, offset=1)


CASES = {
    "plain": (LABELS, PREDICTIONS, {}),
    "float32": (LABELS, PREDICTIONS.astype(np.float32), {}),
    "float16": (LABELS, PREDICTIONS.astype(np.float16), {}),
    "bool labels": (LABELS.astype(bool), PREDICTIONS, {}),
    "float labels": (LABELS.astype(np.float32), PREDICTIONS, {}),
    "uint8 labels": (LABELS.astype(np.uint8), PREDICTIONS, {}),
    "0 and 1": (np.array([0, 1, 1, 0]), np.array([0.0, 1.0, 0.0, 1.0]), {}),
    "int predictions": (np.array([0, 1, 1]), np.array([0, 1, 0]), {}),
    "on thresholds": (np.arange(127) % 2, np.arange(127) / 126, {}),
    "float32 on thresholds": (np.arange(127) % 2, np.arange(127, dtype=np.float32) / np.float32(126), {}),
    "10 thresholds": (LABELS, PREDICTIONS, {"num_thresholds": 10}),
    "2 thresholds": (LABELS, PREDICTIONS, {"num_thresholds": 2}),
    "127 at most": (LABELS, PREDICTIONS, {"num_thresholds": 1000}),
    "numpy thresholds": (LABELS, PREDICTIONS, {"num_thresholds": np.int64(20)}),
    "weights": (LABELS, PREDICTIONS, {"weights": RNG.uniform(size=500)}),
    "one weight": (LABELS, PREDICTIONS, {"weights": 0.25}),
    "tensors": (torch.from_numpy(LABELS), torch.from_numpy(PREDICTIONS), {}),
    "2-d": (LABELS.reshape(20, 25), PREDICTIONS.reshape(20, 25), {}),
    "strided": (LABELS[::3], PREDICTIONS[::-1][::3], {}),
    "unaligned": (unaligned(LABELS), unaligned(PREDICTIONS), {}),
    "100,000": (np.resize(LABELS, 100_000), np.resize(PREDICTIONS, 100_000), {}),
    "labels of -0.0": (np.where(LABELS, 1.0, -0.0), PREDICTIONS, {}),
    "predictions of -0.0": (LABELS, np.where(PREDICTIONS < 0.5, -0.0, PREDICTIONS), {}),
    "one": (np.array([1]), np.array([0.5]), {}),
    "only positives": (np.ones(5, int), np.linspace(0, 1, 5), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_curve_as_torch(tmp_path, name):
    labels, predictions, options = CASES[name]

    def calls(writer):
        writer.add_pr_curve("tag", labels, predictions, 3, walltime=oracle.WALLTIME, **options)

    theirs, ours = oracle.both(tmp_path, calls)
    if "weight" in name:  # sums in another order
        mine, other = oracle.only_value(ours).tensor, oracle.only_value(theirs).tensor
        np.testing.assert_allclose(mine.float_val, other.float_val, rtol=1e-6, atol=1e-6)
        for tensor in (mine, other):
            tensor.ClearField("float_val")
    assert ours == theirs


def test_lists_and_bfloat16(tmp_path, writer):
    predictions = torch.tensor([0.5, 0.25, 1.0], dtype=torch.bfloat16)
    writer.add_pr_curve("lists", [0, 1, 1], [0.5, 0.25, 1.0], 1, 5)
    writer.add_pr_curve("bfloat16", [0, 1, 1], predictions, 1, 5)
    writer.close()
    expected = compute_curve(np.array([0, 1, 1]), np.array([0.5, 0.25, 1.0]), 5)
    for event in oracle.logged(tmp_path / "ours"):
        np.testing.assert_allclose(
            np.reshape(event.summary.value[0].tensor.float_val, (6, 5)), expected.astype(np.float32)
        )


@given(
    predictions=hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.float16]),
        st.integers(1, 50),
        elements=st.floats(0, 1, width=16),
    ),
    thresholds=st.integers(2, 127),
    data=st.data(),
)
def test_any_curve_as_torch(predictions, thresholds, data):
    labels = data.draw(hnp.arrays(np.bool_, predictions.shape))
    expected = compute_curve(labels, predictions, thresholds)
    np.testing.assert_array_equal(_core.pr_curve(labels, predictions, thresholds, None), expected)


def around_thresholds(dtype, count):
    """Every threshold of `count`, and the three numbers of `dtype` below and above it."""
    values = (np.arange(count) / (count - 1)).astype(dtype)
    all_values = [values]
    for direction in (-1, 2):
        neighbours = values
        for _ in range(3):
            neighbours = np.nextafter(neighbours, dtype(direction))
            all_values.append(neighbours)
    return np.clip(np.concatenate(all_values), 0, 1)


@pytest.mark.parametrize("cpu_set", cpu_sets.CPU_SETS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_indices_are_found_as_numpy_finds_them(cpu_set, dtype):
    every_half = np.arange(0x3C01, dtype=np.uint16).view(np.float16)  # 0 to 1
    with cpu_sets.only(cpu_set):
        for count in range(2, 128):
            predictions = every_half if dtype is np.float16 else around_thresholds(dtype, count)
            labels = np.arange(predictions.size) % 3 % 2
            expected = compute_curve(labels, predictions, count)
            np.testing.assert_array_equal(_core.pr_curve(labels, predictions, count, None), expected)


@pytest.mark.parametrize("bad", [-0.001, 1.001, np.nan, np.inf])
def test_prediction_outside_the_interval_is_named(tmp_path, writer, bad):
    for dtype in (np.float64, np.float32, np.float16):
        predictions = np.full(100, 0.5, dtype)
        predictions[57] = bad
        for labels in (np.ones(100), np.ones(100, bool)):
            with pytest.raises(ValueError, match=r"predictions.*57"):
                writer.add_pr_curve("tag", labels, predictions)
    writer.close()
    assert oracle.logged(tmp_path / "ours") == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weights", [None, 0.5])
def test_rounding_beyond_the_interval_counts_as_its_end(tmp_path, dtype, weights):
    """float32's softmax may be 1.0000001; torch drops such a prediction."""
    exact = np.resize(np.array([0, 0.25, 1, 0.75, 1, 0], dtype), 100)
    rounded = np.clip(exact + np.resize(dtype([-9e-7, 0, 8e-7, 0, 1.2e-7, -1e-9]), 100), -1, 2)
    assert rounded.max() > 1
    assert rounded.min() < 0
    labels = np.arange(100) % 2
    theirs, _ = oracle.both(
        tmp_path / "exact", lambda w: w.add_pr_curve("tag", labels, exact, 1, 127, weights, oracle.WALLTIME)
    )
    _, ours = oracle.both(
        tmp_path / "rounded",
        lambda w: w.add_pr_curve("tag", labels, rounded, 1, 127, weights, oracle.WALLTIME),
    )
    assert ours == theirs


@pytest.mark.parametrize("thresholds", [1, 2, 3])
def test_few_thresholds_as_torch(tmp_path, thresholds):
    theirs, ours = oracle.both(
        tmp_path,
        lambda w: w.add_pr_curve(
            "tag", LABELS, PREDICTIONS, 1, num_thresholds=thresholds, walltime=oracle.WALLTIME
        ),
    )
    assert ours == theirs


def test_labels_that_are_no_truth_are_named(writer):
    """torch counts -1 as minus one positive, class 2 as two."""
    for labels in (LABELS * 2, LABELS - 1.0, np.where(LABELS, 1, -1), np.append(LABELS[1:], 3), LABELS / 4):
        with pytest.raises(ValueError, match=r"^labels: expected 0 and 1, or bools, got .*labels == 1"):
            writer.add_pr_curve("tag", labels, PREDICTIONS)


def test_snapshot(tmp_path, writer):
    predictions = np.zeros(1000)
    writer.add_pr_curve("tag", np.ones(1000), predictions, 1)
    predictions[:] = 1
    writer.close()
    curve = np.reshape(oracle.only_value(oracle.logged(tmp_path / "ours")).tensor.float_val, (6, 127))
    assert curve[0].tolist() == [1000.0] + [0.0] * 126


@pytest.mark.parametrize("thresholds", [5, 127, 1000])
@pytest.mark.parametrize("make", [list, np.array, torch.tensor])
def test_raw_as_torch(tmp_path, make, thresholds):
    rows = [make([float(5 * row + column) for column in range(5)]) for row in range(6)]

    def calls(writer):
        writer.add_pr_curve_raw("tag", *rows, 3, thresholds, walltime=oracle.WALLTIME)

    theirs, ours = oracle.both(tmp_path, calls)
    assert ours == theirs


def test_raw_weights_warn(writer):
    rows = [[1.0]] * 6
    with pytest.warns(UserWarning, match="weights"):
        writer.add_pr_curve_raw("tag", *rows, 1, 1, [1.0])
