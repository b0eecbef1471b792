"""The native encoder and the choice of points, against protobuf and NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tensorboard.data.proto import data_provider_pb2
from tickertape import _core

_FLOATS = st.floats(allow_nan=True, allow_infinity=True)


def _message(runs, points):
    """The same by protobuf."""
    message = data_provider_pb2.ReadScalarsResponse()
    for name, tags in runs:
        run = message.runs.add(run_name=name)
        for tag, step, wall_time, value in tags:
            rows = _core.extremes(value, points)
            data = run.tags.add(tag_name=tag).data
            data.step.extend(step[rows].tolist())
            data.wall_time.extend(wall_time[rows].tolist())
            with np.errstate(over="ignore"):
                data.value.extend(value[rows].astype(np.float32).tolist())
    return message


@st.composite
def _tags(draw):
    count = draw(st.integers(0, 40))
    step = draw(arrays.arrays(np.int64, count))
    numbers = [draw(arrays.arrays(np.float64, count, elements=_FLOATS)) for _ in range(2)]
    return (draw(st.text(max_size=8).filter(_is_utf8)), step, *numbers)


def _is_utf8(text):
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.text(max_size=8).filter(_is_utf8), st.lists(_tags(), max_size=3)), max_size=3),
    st.integers(0, 50),
)
def test_protobuf_writes_the_same_message(runs, points):
    encoded = _core.scalars_response(runs, points)
    # Serialised again, so that NaN equals NaN.
    decoded = data_provider_pb2.ReadScalarsResponse.FromString(encoded)
    assert decoded.SerializeToString(deterministic=True) == encoded
    assert encoded == _message(runs, points).SerializeToString(deterministic=True)


@given(arrays.arrays(np.float64, st.integers(0, 300), elements=_FLOATS), st.integers(0, 60))
def test_first_last_least_and_greatest_stay(values, points):
    rows = _core.extremes(values, points)
    least = points - points % 2 if points > 3 else min(points, 2)
    assert len(rows) == len(values) if len(values) <= points else len(rows) == least
    assert np.all(np.diff(rows) > 0)
    if points == 0 or not len(values):
        return
    kept = values[rows]
    assert rows[-1] == len(values) - 1
    if points > 1:
        assert rows[0] == 0
    numbers = values[~np.isnan(values)]
    if points > 3 and len(numbers):
        assert np.nanmin(kept) == numbers.min()
        assert np.nanmax(kept) == numbers.max()


@pytest.mark.parametrize("spike", [1, 7, 500_000, 999_998])
def test_a_spike_stays_whatever_is_around_it(spike):
    values = np.zeros(1_000_000)
    values[spike] = 1.0
    rows = _core.extremes(values, 1000)
    assert spike in rows
    assert len(rows) == 1000
    assert np.diff(rows).max() <= 2 * -(-1_000_000 // 499)  # as far apart as the stretches are


def test_other_columns_raise():
    column, numbers = np.zeros(3, np.int64), np.zeros(3)
    with pytest.raises(ValueError, match="runs: expected columns of one length, got 2, 3 and 3"):
        _core.scalars_response([("run", [("tag", column[:2], numbers, numbers)])], 9)
    with pytest.raises(ValueError, match="runs: expected columns of one dimension, got 2 dimensions"):
        _core.scalars_response([("run", [("tag", column, numbers, np.zeros((3, 1)))])], 9)
    with pytest.raises(ValueError, match=r"runs: expected \(name, tags\) of each run, got 1 elements"):
        _core.scalars_response([("run",)], 9)
    with pytest.raises(ValueError, match=r"runs: expected \(tag, step, wall_time, value\) of each tag"):
        _core.scalars_response([("run", [("tag", column)])], 9)
    with pytest.raises(ValueError, match="values: expected one dimension, got 2 dimensions"):
        _core.extremes(np.zeros((2, 2)), 9)
