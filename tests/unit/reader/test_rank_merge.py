"""read(ranks="merge"): mean, min and max over ranks, against NumPy and pandas."""

import itertools

import numpy as np
import pandas as pd
import pytest
import tickertape
from tickertape import SummaryWriter
from tickertape.reader import curves
from tickertape.reader.series import Scalars


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a file of one rank; `number` None is a process without ranks."""

    def write_rank(number, values, run="run", first=0, tag="loss", **options):
        if number is None:
            monkeypatch.delenv("RANK", raising=False)
        else:
            monkeypatch.setenv("RANK", str(number))
            monkeypatch.setenv("WORLD_SIZE", "4")
        with SummaryWriter(tmp_path / run, **options) as writer:
            for step, value in enumerate(values, first):
                writer.add_scalar(tag, value, step, walltime=1000.0 + 10 * step + (number or 0))
        return tmp_path

    return write_rank


def merged(log_dir, **options):
    return tickertape.read(log_dir, ranks="merge", **options)


def test_mean_and_extremes(write):
    table = np.random.default_rng(0).normal(size=(4, 50)).astype(np.float32).astype(np.float64)
    for number, values in enumerate(table):
        log_dir = write(number, values)
    loss = merged(log_dir)["run"].scalars["loss"]
    assert loss.step.tolist() == list(range(50))
    np.testing.assert_allclose(loss.value, table.mean(axis=0), rtol=1e-14, atol=1e-16)
    np.testing.assert_array_equal(loss.min, table.min(axis=0))
    np.testing.assert_array_equal(loss.max, table.max(axis=0))
    assert loss.n.tolist() == [4] * 50
    np.testing.assert_array_equal(loss.wall_time, 1000.0 + 10 * np.arange(50) + 3)


def test_as_pandas_groups_the_rows_of_all_ranks(write):
    rng = np.random.default_rng(1)
    for number, (first, count) in enumerate([(0, 40), (10, 20), (35, 30), (90, 3)]):
        log_dir = write(number, rng.normal(size=count), first=first)
    plain = tickertape.read(log_dir).scalars
    ranks = plain.column("rank")
    assert sorted(set(ranks.tolist())) == [0, 1, 2, 3]
    assert [plain.column("file")[at].endswith(f".rank{one}") for at, one in enumerate(ranks)] == [True] * 93
    by_step = plain.to_pandas().groupby("step")
    expected = by_step["value"].agg(["mean", "min", "max", "count"])
    expected["wall_time"] = by_step["wall_time"].max()
    found = merged(log_dir).scalars
    assert found.columns == ("run", "tag", "step", "wall_time", "value", "min", "max", "n")
    frame = found.to_pandas()
    assert frame["step"].tolist() == expected.index.tolist()
    columns = {"value": "mean", "min": "min", "max": "max", "n": "count", "wall_time": "wall_time"}
    for ours, theirs in columns.items():
        np.testing.assert_allclose(frame[ours], expected[theirs], rtol=1e-14)
    for other in (found.to_arrow().to_pandas(), found.to_polars().to_pandas()):
        pd.testing.assert_frame_equal(
            other.astype({"run": str, "tag": str}), frame.astype({"run": str, "tag": str})
        )
    rows = list(found)
    assert rows[0]._fields == found.columns
    assert [row.n for row in rows] == frame["n"].tolist()
    assert len(found) == len(rows)


def test_values_that_are_not_finite(write):
    write(0, [1.0, np.nan, np.inf, np.inf])
    log_dir = write(1, [3.0, 1.0, 1.0, -np.inf])
    loss = merged(log_dir)["run"].scalars["loss"]
    np.testing.assert_array_equal(loss.value, [2.0, np.nan, np.inf, np.nan])
    np.testing.assert_array_equal(loss.min, [1.0, np.nan, 1.0, -np.inf])
    np.testing.assert_array_equal(loss.max, [3.0, np.nan, np.inf, np.inf])


def test_one_rank_or_none_is_its_own_mean(write):
    log_dir = write(None, [1.0, 2.0])
    write(3, [5.0], run="other")
    runs = merged(log_dir)
    for run, values in (("run", [1.0, 2.0]), ("other", [5.0])):
        loss = runs[run].scalars["loss"]
        assert loss.value.tolist() == loss.min.tolist() == loss.max.tolist() == values
        assert loss.n.tolist() == [1] * len(values)
    assert tickertape.read(log_dir)["run"].scalars.column("rank").tolist() == [-1, -1]
    assert tickertape.read(log_dir, tags="none").scalars.column("rank").tolist() == []


def test_files_without_a_rank_are_one_more_rank(write):
    write(None, [1.0, 2.0])
    log_dir = write(0, [5.0, 6.0], first=1)
    loss = merged(log_dir)["run"].scalars["loss"]
    assert (loss.value.tolist(), loss.n.tolist()) == ([1.0, 3.5, 6.0], [1, 2, 1])


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1, 2])))
def test_a_restart_concerns_its_own_rank(write, order):
    for number in order:
        write(number, [1.0] * 6)
    for number in order:
        log_dir = write(number, [2.0, 2.0], first=3, purge_step=3)
    loss = merged(log_dir)["run"].scalars["loss"]
    assert loss.value.tolist() == [1.0, 1.0, 1.0, 2.0, 2.0]
    assert loss.n.tolist() == [3] * 5
    kept = merged(log_dir, restarts="all")["run"].scalars["loss"]
    assert kept.value.tolist() == [1.0, 1.0, 1.0, 2.0, 2.0, 1.0]  # the last value of a step counts


def test_everything_else_is_the_lowest_ranks(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    for number in (2, 0, 1):
        monkeypatch.setenv("RANK", str(number))
        with SummaryWriter(tmp_path) as writer:
            if number:
                writer.add_histogram("h", [float(number)], 0)
            writer.add_image("i", np.full((3, 2, 2 + number), 0.5), 0)
            writer.add_text("t", f"rank {number}", 0)
            writer.add_hparams({"lr": 0.1}, {"loss": float(number)}, same_run=True)
    run = merged(tmp_path)["."]
    assert [row.width for row in run.images] == [2]
    assert [row.text for row in run.text] == ["rank 0"]
    assert run.histograms.column("sum").tolist() == [1.0]
    assert run.histograms.column("rank").tolist() == [1]
    (session,) = run.hparams
    assert session.metrics["loss"].last == 1.0
    assert sorted(run.tags) == ["histograms", "hparams", "images", "scalars", "text"]
    assert "loss" in repr(run.scalars)
    assert len(merged(tmp_path)) == 1


def test_what_is_made_of_the_mean(write):
    write(0, [1.0, 2.0, 3.0, 4.0, 5.0], run="seed_0")
    write(1, [3.0, 4.0, 5.0, 6.0, 7.0], run="seed_0")
    log_dir = write(0, [0.0] * 5, run="seed_1")
    table = merged(log_dir).scalars
    assert table.pivot().column("loss").tolist() == [2.0, 3.0, 4.0, 5.0, 6.0] + [0.0] * 5
    assert table.average("seed_*").column("mean").tolist() == [1.0, 1.5, 2.0, 2.5, 3.0]
    assert table.resample(4).column("value").tolist()[:1] == [2.0]
    assert table.smooth(0.0).column("value").tolist() == table.column("value").tolist()


def test_what_comes_is_merged_too(write):
    log_dir = write(0, [1.0, 2.0])
    runs = merged(log_dir)
    before = runs["run"].scalars
    assert before["loss"].n.tolist() == [1, 1]
    write(1, [3.0])
    assert runs.refresh()["run"].scalars["loss"].value.tolist() == [2.0, 2.0]
    assert before["loss"].n.tolist() == [1, 1]


def test_what_is_refused(write):
    log_dir = write(0, [1.0])
    with pytest.raises(ValueError, match="ranks: expected one of 'all', 'merge', got 'zero'"):
        tickertape.read(log_dir, ranks="zero")
    with pytest.raises(ValueError, match="ranks"):
        merged(log_dir).export(log_dir / "data")
    with pytest.raises(KeyError, match="several files"):
        merged(log_dir).scalars.column("rank")


def test_average_agrees_with_numpy_for_other_steps():
    rng = np.random.default_rng(2)
    members = []
    for _ in range(5):
        step = rng.permutation(60)[:40].astype(np.int64)
        members.append(Scalars(step, rng.random(40), rng.normal(size=40)))
    average = curves.average(members, "step")
    frame = pd.concat(pd.DataFrame({"step": one.step, "value": one.value}) for one in members)
    expected = frame.groupby("step")["value"].agg(["mean", "min", "max", "count"])
    np.testing.assert_array_equal(average.step, expected.index)
    np.testing.assert_allclose(average.mean, expected["mean"], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(average.std, frame.groupby("step")["value"].std(ddof=0), atol=1e-14)
    np.testing.assert_array_equal(average.n, expected["count"])
    lines = curves.average(members, "interpolate")
    table = np.full((5, len(lines.step)), np.nan)
    for row, one in enumerate(members):
        order = np.argsort(one.step)
        inside = (lines.step >= one.step.min()) & (lines.step <= one.step.max())
        table[row, inside] = np.interp(lines.step[inside], one.step[order], one.value[order])
    np.testing.assert_allclose(lines.mean, np.nanmean(table, axis=0), atol=1e-14)
    np.testing.assert_allclose(lines.std, np.nanstd(table, axis=0), atol=1e-14)
