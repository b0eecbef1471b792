"""Scalars in long form, in wide form, smoothed, thinned out and averaged; beside TensorBoard, NumPy, pandas and polars."""

import json
import math
import re

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import tickertape
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

NAN = math.nan


def write(folder, *points, seconds=1):
    """(tag, step, value) or (tag, step, value, wall time) to a file of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    events = [Event(file_version="brain.Event:2")]  # without it, steps that go back void what came before
    for tag, step, value, *wall_time in points:
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        events.append(Event(step=step, wall_time=(wall_time or [step])[0], summary=summary))
    path = folder / f"events.out.tfevents.{seconds}.host.7.0"
    path.write_bytes(b"".join(oracle.frame(event.SerializeToString()) for event in events))
    return path


@pytest.fixture
def runs(tmp_path):
    write(
        tmp_path / "a",
        *[("loss", step, 1 / (step + 1)) for step in range(5)],
        ("acc", 2, 0.5),
        ("acc", 4, 0.75),
    )
    write(tmp_path / "b" / "c", ("loss", 0, 3.0), ("loss", 1, 2.0), ("lr", 1, NAN))
    write(tmp_path / "b" / "c", ("loss", 2, 1.0), seconds=2)
    return tickertape.read(tmp_path)


EXPECTED = [
    ("a", "loss", 0, 0.0, 1.0),
    ("a", "loss", 1, 1.0, 0.5),
    ("a", "loss", 2, 2.0, float(np.float32(1 / 3))),
    ("a", "loss", 3, 3.0, 0.25),
    ("a", "loss", 4, 4.0, float(np.float32(0.2))),
    ("a", "acc", 2, 2.0, 0.5),
    ("a", "acc", 4, 4.0, 0.75),
    ("b/c", "loss", 0, 0.0, 3.0),
    ("b/c", "loss", 1, 1.0, 2.0),
    ("b/c", "loss", 2, 2.0, 1.0),
    ("b/c", "lr", 1, 1.0, NAN),
]
COLUMNS = ("run", "tag", "step", "wall_time", "value")


def same(rows, expected):
    """Equal, NaN included."""
    return repr([tuple(row) for row in rows]) == repr([tuple(row) for row in expected])


def test_long_form(runs):
    table = runs.scalars
    assert table.columns == COLUMNS
    assert len(table) == len(EXPECTED)
    assert same(table, EXPECTED)
    assert table.tags == ["loss", "acc", "lr"]
    assert table.runs == ["a", "b/c"]
    columns = table.to_dict()
    assert same(zip(*(columns[name].tolist() for name in COLUMNS), strict=True), EXPECTED)
    assert [columns[name].dtype.str for name in COLUMNS[2:]] == ["<i8", "<f8", "<f8"]


def test_long_form_in_pandas_polars_arrow_and_duckdb(runs):
    table = runs.scalars
    for frame in (table.to_pandas(), table.to_polars().to_pandas(), table.to_arrow().to_pandas()):
        assert tuple(frame.columns) == COLUMNS
        assert isinstance(frame["run"].dtype, pd.CategoricalDtype)
        assert isinstance(frame["tag"].dtype, pd.CategoricalDtype)
        assert same(frame.itertuples(index=False, name=None), EXPECTED)
    assert same(pl.DataFrame(table).iter_rows(), EXPECTED)
    assert same(pa.table(table).to_pandas().itertuples(index=False, name=None), EXPECTED)
    assert pa.RecordBatchReader.from_stream(table).schema == pa.schema(table)
    assert len(table) == 11  # `table` is what DuckDB reads by its name
    found = duckdb.sql(
        "select run, count(*), max(value) from table group by run order by run".replace("table", '"table"')
    )
    assert found.fetchall()[0] == ("a", 7, 1.0)


def test_large_series_are_handed_over_without_a_copy(tmp_path):
    rows = 200_000
    write(tmp_path, *[("loss", step, step % 7) for step in range(rows)])
    runs = tickertape.read(tmp_path)
    series = runs["."].scalars["loss"]
    table = pa.table(runs.scalars)
    for name in ("step", "wall_time", "value"):
        (chunk,) = table.column(name).chunks
        assert chunk.buffers()[1].address == getattr(series, name).ctypes.data
    frame = pl.DataFrame(runs.scalars)
    assert frame["value"].to_numpy(allow_copy=False).ctypes.data == series.value.ctypes.data
    del runs, table
    assert frame["step"].sum() == rows * (rows - 1) // 2  # the memory outlives the runs


def test_many_small_series_are_few_batches(tmp_path):
    for run in range(50):
        write(tmp_path / f"r{run:02}", *[(f"t{tag}", step, run) for tag in range(4) for step in range(10)])
    table = pa.table(tickertape.read(tmp_path).scalars)
    assert table.num_rows == 2000
    assert table.column("step").num_chunks == 1
    counted = table.group_by(["run", "tag"]).aggregate([("value", "mean")]).to_pylist()
    assert {(row["run"], row["tag"]): row["value_mean"] for row in counted} == {
        (f"r{run:02}", f"t{tag}"): run for run in range(50) for tag in range(4)
    }


def test_a_stream_can_be_taken_many_times_and_not_at_all(runs):
    table = runs.scalars
    for _ in range(3):
        assert pa.table(table).num_rows == 11
    table.__arrow_c_stream__()
    table.__arrow_c_schema__()
    reader = pa.RecordBatchReader.from_stream(table)
    del table, runs
    assert sum(batch.num_rows for batch in reader) == 11


def test_nothing_to_show(tmp_path):
    write(tmp_path)
    table = tickertape.read(tmp_path).scalars
    assert len(table) == 0
    assert pl.DataFrame(table).shape == (0, 5)
    assert table.to_arrow().num_rows == 0
    assert table.to_pandas().shape == (0, 5)
    assert list(table.to_dict()) == list(COLUMNS)
    assert len(table.pivot()) == 0
    assert len(table.smooth(0.5).resample(10)) == 0
    assert "0 rows" in repr(table)


def test_columns_of_one_tag(runs):
    loss = runs["a"].scalars["loss"]
    assert loss.step.tolist() == [0, 1, 2, 3, 4]
    assert runs["b/c"].scalars["loss"].value.tolist() == [3, 2, 1]  # two files
    with pytest.raises(KeyError, match=r"nothing.*'loss', 'acc'"):
        _ = runs["a"].scalars["nothing"]
    with pytest.raises(
        KeyError, match=re.escape("'loss' is a tag of 2 runs; choose one with runs[name].scalars")
    ):
        _ = runs.scalars["loss"]
    assert runs.scalars["acc"].value.tolist() == [0.5, 0.75]
    with pytest.raises(KeyError, match=r"nothing.*the columns are 'run'"):
        runs.scalars.column("nothing")


def test_it_prints_its_first_rows(runs):
    text = repr(runs.scalars)
    assert text.splitlines()[0] == "ScalarTable: 11 rows"
    assert re.search(r"^a +loss +1 +1 +0.5$", text, re.MULTILINE)
    assert len(text.splitlines()) == 12


def test_pivot_is_what_pandas_makes_of_the_long_form(runs):
    wide = runs.scalars.pivot()
    assert wide.columns == ("run", "step", "loss", "acc", "lr")
    long = runs.scalars.to_pandas()
    expected = long.pivot_table(
        index=["run", "step"], columns="tag", values="value", aggfunc="last", observed=True
    )
    found = wide.to_pandas().astype({"run": str}).set_index(["run", "step"])
    for tag in ("loss", "acc"):
        left = {key: value for key, value in found[tag].items() if not math.isnan(value)}
        right = {key: value for key, value in expected[tag].items() if not math.isnan(value)}
        assert left == right
    assert found["lr"].isna().all()
    assert wide.to_polars().shape == (8, 5)
    assert runs.scalars.pivot(index="wall_time").columns[:2] == ("run", "wall_time")


@pytest.mark.parametrize(
    ("duplicates", "expected"),
    [
        ("last", [3.0, 5.0, NAN]),
        ("first", [1.0, 5.0, NAN]),
        ("mean", [2.0, 5.0, NAN]),
        ("all", [[1.0, 2.0, 3.0], [5.0], []]),
    ],
)
def test_pivot_of_repeated_steps(tmp_path, duplicates, expected):
    write(tmp_path, ("a", 0, 1), ("a", 0, 2), ("a", 1, 5), ("a", 0, 3), ("b", 2, 0))
    wide = tickertape.read(tmp_path).scalars.pivot(duplicates=duplicates)
    assert repr(wide.column("a").tolist()) == repr(expected)
    assert wide.to_arrow().num_rows == 3
    assert wide.to_polars()["a"].len() == 3


def test_pivot_refuses_what_would_be_two_columns_of_one_name(tmp_path):
    write(tmp_path, ("step", 0, 1))
    table = tickertape.read(tmp_path).scalars
    with pytest.raises(
        ValueError, match=r"index: expected tags that are not named as it or 'run', got \['step'\]"
    ):
        table.pivot()
    assert table.pivot(index="wall_time").column("step").tolist() == [1]
    with pytest.raises(ValueError, match="duplicates: expected one of 'last'"):
        table.pivot(duplicates="none")
    with pytest.raises(ValueError, match="index: expected one of 'step'"):
        table.pivot(index="tag")


def tensorboards_smoothing(values, weight):
    """A transcript of `resmoothDataset` of TensorBoard's line chart (vz_line_chart2/line-chart.ts)."""
    last = count = 0
    constant = all(value == values[0] for value in values)
    smoothed = []
    for value in values:
        if constant or not math.isfinite(value):
            smoothed.append(value)
        else:
            last = last * weight + (1 - weight) * value
            count += 1
            smoothed.append(last / (1 if weight == 1 else 1 - weight**count))
    return smoothed


@pytest.mark.parametrize("weight", [0, 0.5, 0.6, 0.99, 0.999, 1])
@pytest.mark.parametrize(
    "values",
    [
        [1.0, 2.0, 4.0, 8.0],
        [3.0, NAN, 5.0, math.inf, 1.0],
        [2.0] * 5,
        [NAN, NAN],
        list(np.sin(np.arange(500.0))),
    ],
    ids=["short", "not finite", "constant", "nan", "long"],
)
def test_smoothing_is_tensorboards(tmp_path, values, weight):
    values = np.float32(values).astype(float).tolist()
    write(tmp_path, *[("a", step, value) for step, value in enumerate(values)])
    table = tickertape.read(tmp_path).scalars
    smooth = table.smooth(weight)["a"]
    assert smooth.value.tolist() == pytest.approx(
        tensorboards_smoothing(values, weight), rel=1e-13, nan_ok=True
    )
    assert smooth.step.tolist() == list(range(len(values)))
    assert repr(table["a"].value.tolist()) == repr(values)


@pytest.mark.parametrize("weight", [-0.1, 1.1, NAN, "0.5", True])
def test_bad_weights(runs, weight):
    with pytest.raises(ValueError, match="weight: expected a number from 0 to 1"):
        runs.scalars.smooth(weight)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 10, 11, 999, 1000, 1001, 5000])
@pytest.mark.parametrize("points", [4, 5, 10, 999, 1000])
def test_resampling_keeps_ends_and_extremes(tmp_path, count, points):
    values = np.float32(np.random.default_rng(count).normal(size=count))
    if count > 20:
        values[7] = 100
        values[count // 2] = -100
        values[9] = NAN
    write(tmp_path, *[("a", step, value) for step, value in enumerate(values)])
    table = tickertape.read(tmp_path).scalars.resample(points=points)
    thin = table["a"]
    assert len(thin.step) <= points
    assert len(thin.step) == min(count, len(thin.step))
    if count <= points:
        assert len(thin.step) == count
    assert (thin.step[0], thin.step[-1]) == (0, count - 1)
    assert np.all(np.diff(thin.step) > 0)
    assert repr(thin.value.tolist()) == repr(values[thin.step].astype(float).tolist())
    assert np.nanmax(thin.value) == np.nanmax(values)
    assert np.nanmin(thin.value) == np.nanmin(values)


@pytest.mark.parametrize("points", [3, 0, -1, 2.5, True, "9"])
def test_bad_points(runs, points):
    with pytest.raises(ValueError, match="points: expected an int of at least 4"):
        runs.scalars.resample(points)


def test_average_over_seeds(tmp_path):
    curves = {"big/seed_0": [1, 2, 3], "big/seed_1": [3, 4, 8], "small/seed_0": [5, 5, 5]}
    for run, values in curves.items():
        write(tmp_path / run, *[("loss", step, value) for step, value in enumerate(values)])
    write(tmp_path / "other", ("loss", 0, 99))
    found = tickertape.read(tmp_path).scalars.average("seed_*")
    assert found.columns == ("run", "tag", "step", "mean", "std", "min", "max", "n")
    rows = list(zip(*found.to_dict().values(), strict=True))
    both = np.array([curves["big/seed_0"], curves["big/seed_1"]], dtype=float)
    assert rows[:3] == [
        (
            "big/seed_*",
            "loss",
            step,
            both[:, step].mean(),
            both[:, step].std(),
            both[:, step].min(),
            both[:, step].max(),
            2,
        )
        for step in range(3)
    ]
    assert rows[3:] == [("small/seed_*", "loss", step, 5.0, 0.0, 5.0, 5.0, 1) for step in range(3)]
    whole = tickertape.read(tmp_path).scalars.average("big/*")
    assert set(whole.column("run")) == {"big/*"}
    with pytest.raises(ValueError, match="over: expected a glob that runs match, got 'nothing'"):
        tickertape.read(tmp_path).scalars.average("nothing")
    with pytest.raises(ValueError, match="align: expected one of"):
        tickertape.read(tmp_path).scalars.average("seed_*", align="time")


def test_average_of_runs_that_log_at_different_steps(tmp_path):
    write(tmp_path / "s0", ("a", 0, 0), ("a", 10, 10), ("a", 20, 0))
    write(tmp_path / "s1", ("a", 5, 1), ("a", 10, 3), ("a", 10, 5))  # the last of step 10 counts
    table = tickertape.read(tmp_path).scalars
    at_steps = table.average("s*").to_dict()
    assert at_steps["step"].tolist() == [0, 5, 10, 20]
    assert at_steps["n"].tolist() == [1, 1, 2, 1]
    assert at_steps["mean"].tolist() == [0, 1, 7.5, 0]
    between = table.average("s*", align="interpolate").to_dict()
    assert between["step"].tolist() == [0, 5, 10, 20]
    assert between["n"].tolist() == [1, 2, 2, 1]
    assert between["mean"].tolist() == [0, (5 + 1) / 2, 7.5, 0]
    assert between["max"].tolist() == [0, 5, 10, 0]


def test_without_pandas_polars_and_pyarrow(run_script, tmp_path):
    """The tables need NumPy alone; what needs more says what."""
    write(tmp_path / "logs", ("a", 0, 1.0))
    said = run_script(
        """
import json, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pandas", "polars", "pyarrow", "PIL"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import tickertape
table = tickertape.read("logs").scalars
assert len(table.pivot()) == len(table.smooth(.5)) == len(table.resample(10)) == 1
table.__arrow_c_stream__()
said = []
for name in ("to_pandas", "to_polars", "to_arrow"):
    try:
        getattr(table, name)()
    except ModuleNotFoundError as error:
        said.append(str(error))
print(json.dumps(said))
"""
    )
    assert json.loads(said.splitlines()[-1]) == [
        f"to_{name}(): expected {module} to be installed; pip install {module}"
        for name, module in (("pandas", "pandas"), ("polars", "polars"), ("arrow", "pyarrow"))
    ]
