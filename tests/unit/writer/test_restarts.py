"""restart: what TensorBoard's accumulator shows afterwards. stats: counts of what is in the files."""

import pytest
import tickertape
from support import oracle
from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import SessionLog
from tickertape.writer import SummaryWriter


def shown(directory):
    """tag to (step, value) of what TensorBoard shows."""
    accumulator = EventAccumulator(str(directory))
    accumulator.Reload()
    points = {
        tag: [(event.step, event.value) for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }
    points = {tag: found for tag, found in points.items() if found}
    # What TensorBoard's pages are served from, and what notebooks read with, have rules of their own.
    served = plugin_event_accumulator.EventAccumulator(str(directory))
    served.Reload()
    tensors = {
        tag: served.Tensors(tag)
        for tag in served.Tags()["tensors"]
        if tag != "h" and not tag.startswith("_hparams_/")
    }
    assert {
        tag: [(event.step, event.tensor_proto.float_val[0]) for event in events]
        for tag, events in tensors.items()
        if events
    } == points
    return points


def fill(writer, start, stop, offset=0):
    for step in range(start, stop):
        writer.add_scalar("a", step + offset, step)
        writer.log({"b": step + offset, "c": step + offset}, step)


def points(*ranges):
    return [(step, float(step + offset)) for start, stop, offset in ranges for step in range(start, stop)]


def test_restart_hides_later_steps(tmp_path, writer):
    fill(writer, 0, 10)
    writer.restart(4)
    fill(writer, 4, 7, offset=100)
    writer.close()
    assert shown(tmp_path / "ours") == dict.fromkeys("abc", points((0, 4, 0), (4, 7, 100)))
    start, again = [event for event in oracle.logged(tmp_path / "ours") if event.HasField("session_log")]
    assert again == start
    assert (start.step, start.session_log.status) == (4, SessionLog.START)
    assert start.wall_time > 0


@pytest.mark.parametrize("step", [0, None])
def test_restart_from_the_beginning(tmp_path, writer, step):
    fill(writer, 0, 5)
    writer.restart(step)
    writer.add_scalar("a", 7, 1)
    writer.close()
    assert shown(tmp_path / "ours") == {"a": [(1, 7.0)]}


def test_restart_of_what_earlier_writers_wrote(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        fill(writer, 0, 5)
        writer.close()
        writer.restart(2)
        fill(writer, 2, 4, offset=50)
    assert shown(tmp_path) == dict.fromkeys("abc", points((0, 2, 0), (2, 4, 50)))


def test_restart_reaches_the_curves_of_add_scalars(tmp_path, writer):
    for step in range(5):
        writer.add_scalars("s", {"x": step, "y": -step}, step)
    writer.restart(3)
    writer.close()
    assert shown(tmp_path / "ours/s_x") == {"s": points((0, 3, 0))}


def sub_runs(directory, offset=0):
    """What a process leaves: curves of add_scalars, sessions of add_hparams."""
    with SummaryWriter(directory) as writer:
        for step in range(6):
            writer.add_scalars("s", {"x": step, "deep/y": step}, step)
            writer.add_scalars("group/s", {"x": step}, step)
        for step in (2, 5):
            writer.add_hparams({"lr": 0.1}, {"s": step, "other": step}, run_name="session", global_step=step)


CURVES = {"s_x": "s", "s_deep/y": "s", "group_s_x": "group/s"}


def others(directory):
    """Runs that other writers have below `directory`: nobody but they may write there."""
    for name in ("s_other", "plain/deep", "hparams"):
        with SummaryWriter(directory / name) as writer:
            writer.add_hparams(
                {"lr": 1}, {"s": 1}, same_run=True, global_step=5
            ) if name == "hparams" else None
            for step in range(6):
                writer.add_scalar("s", step, step)
                writer.add_scalar("other", step, step)
    return {
        path: path.read_bytes()
        for name in ("s_other", "plain", "hparams")
        for path in files(directory / name)
    }


def files(directory):
    return [path for path in directory.rglob("*") if path.is_file()]


def test_purge_step_reaches_the_runs_of_earlier_processes(tmp_path):
    sub_runs(tmp_path)
    before = others(tmp_path)
    with SummaryWriter(tmp_path, purge_step=4) as writer:
        writer.add_scalars("s", {"x": 44}, 4)
    assert shown(tmp_path / "s_x") == {"s": [*points((0, 4, 0)), (4, 44.0)]}
    for run in ("s_deep/y", "group_s_x"):
        assert shown(tmp_path / run) == {CURVES[run]: points((0, 4, 0))}
    assert shown(tmp_path / "session") == {"s": [(2, 2.0)], "other": [(2, 2.0)]}
    assert {path: path.read_bytes() for path in before} == before
    assert {path for name in ("s_other", "plain", "hparams") for path in files(tmp_path / name)} == set(
        before
    )


def test_restart_reaches_the_runs_of_earlier_processes(tmp_path):
    sub_runs(tmp_path)
    before = others(tmp_path)
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars("s", {"x": 66}, 6)
        writer.restart(3)
        writer.restart(3)
    for run, tag in CURVES.items():
        assert shown(tmp_path / run) == {tag: points((0, 3, 0))}
    assert shown(tmp_path / "session") == {"s": [(2, 2.0)], "other": [(2, 2.0)]}
    assert {path for name in ("s_other", "plain", "hparams") for path in files(tmp_path / name)} == set(
        before
    )


def test_purge_step_reaches_the_runs_of_forked_children(tmp_path):
    for run, tag in {"fork_12": "loss", "s_x/fork_345": "s"}.items():
        with SummaryWriter(tmp_path / run) as writer:
            for step in range(6):
                writer.add_scalar(tag, step, step)
    SummaryWriter(tmp_path, purge_step=3).close()
    assert shown(tmp_path / "fork_12") == {"loss": points((0, 3, 0))}
    assert shown(tmp_path / "s_x/fork_345") == {"s": points((0, 3, 0))}


def test_restart_of_a_tag_reaches_the_runs_of_earlier_processes(tmp_path):
    sub_runs(tmp_path)
    with SummaryWriter(tmp_path) as writer:
        writer.restart(3, "s")
    for run, tag in CURVES.items():
        assert shown(tmp_path / run) == {tag: points((0, 3, 0) if tag == "s" else (0, 6, 0))}
    assert shown(tmp_path / "session") == {"s": [(2, 2.0)], "other": [(2, 2.0), (5, 5.0)]}


def test_a_writer_that_writes_nothing_purges_nothing(tmp_path):
    sub_runs(tmp_path)
    before = files(tmp_path)
    with SummaryWriter(tmp_path, purge_step=1, write_to_disk=False) as writer:
        writer.restart(0)
    assert files(tmp_path) == before


def test_one_tag_is_started_over(tmp_path, writer):
    fill(writer, 0, 10)
    writer.add_histogram("h", [1.0], 8)
    writer.restart(4, "b")
    writer.add_scalar("b", -1, 4)
    writer.close()
    assert shown(tmp_path / "ours") == {
        "a": points((0, 10, 0)),
        "b": [*points((0, 4, 0)), (4, -1.0)],
        "c": points((0, 10, 0)),
    }
    accumulator = EventAccumulator(str(tmp_path / "ours"))
    accumulator.Reload()
    assert [event.step for event in accumulator.Histograms("h")] == [8]


def test_one_tag_after_another_and_after_a_restart(tmp_path, writer):
    fill(writer, 0, 10)
    writer.restart(7)
    writer.restart(3, "a")
    writer.restart(5, "b")
    writer.close()
    assert shown(tmp_path / "ours") == {
        "a": points((0, 3, 0)),
        "b": points((0, 5, 0)),
        "c": points((0, 7, 0)),
    }


def test_copies_keep_their_wall_time(tmp_path, writer):
    writer.log({"a": 1, "b": 2}, 5, walltime=123.5)
    writer.restart(0, "a")
    writer.close()
    copy = oracle.logged(tmp_path / "ours")[-1]
    assert (copy.step, copy.wall_time, [v.tag for v in copy.summary.value]) == (5, 123.5, ["b"])


def test_a_tag_that_nobody_logged_changes_nothing(tmp_path, writer):
    fill(writer, 0, 3)
    writer.restart(0, "nothing")
    writer.restart(3, "a")
    writer.close()
    assert len(oracle.logged(tmp_path / "ours")) == 6


BAD = [(("x",), ValueError, "step"), ((1j,), TypeError, "step"), ((2**63,), ValueError, "step"), ((0, 5), TypeError, "tag"),
       ((0, "\ud800"), ValueError, "tag")]  # fmt: skip


@pytest.mark.parametrize(("arguments", "error", "name"), BAD)
def test_bad_arguments(tmp_path, writer, arguments, error, name):
    writer.add_scalar("before", 1, 1)
    with pytest.raises(error, match=name):
        writer.restart(*arguments)
    writer.add_scalar("after", 2, 2)
    writer.close()
    assert oracle.values(tmp_path / "ours") == [("before", 1, 1.0), ("after", 2, 2.0)]
    assert len(oracle.logged(tmp_path / "ours")) == 2


def test_stats(tmp_path, writer):
    before = tickertape.stats()
    assert set(writer.stats()) == {*before, "files", "file_bytes"}
    fill(writer, 0, 10)
    writer.add_scalars("s", {"x": 1.0})
    writer.flush()
    after = writer.stats()
    assert after["files"] == 2
    assert after["file_bytes"] == sum(path.stat().st_size for path in tmp_path.rglob("*tfevents*"))
    assert after["events_accepted"] - before["events_accepted"] >= 21
    writer.close()
    assert writer.stats()["files"] == 0
