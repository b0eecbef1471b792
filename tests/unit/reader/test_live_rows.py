"""live_series: which rows of a run count after restarts, compared with what TensorBoard keeps."""

import numpy as np
import pytest
from support import oracle
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.util import tensor_util
from tickertape import _core

START = SessionLog(status=SessionLog.START)
VERSION = Event(file_version="brain.Event:2", wall_time=1)


def scalar(step, tag="a", value=0.0):
    return Event(step=step, wall_time=1, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)]))


def write_run(directory, files):
    directory.mkdir()
    paths = []
    for number, events in enumerate(files):
        paths.append(directory / f"events.out.tfevents.{1000000000 + number}.host")
        paths[-1].write_bytes(b"".join(oracle.frame(event.SerializeToString()) for event in events))
    return paths


def kept(paths, restarts, **options):
    """Tag to (step, value) of the rows that count."""
    indices = _core.scan_files([str(path) for path in paths], **options)
    found = {}
    for _, _, tag, one, mask in _core.live_series(indices, restarts):
        chosen = slice(None) if mask is None else mask
        rows = zip(one.step[chosen].tolist(), one.value[chosen].tolist(), strict=True)
        found.setdefault(tag, []).extend(rows)
    return {tag: rows for tag, rows in found.items() if rows}


def masks_of(indices, restarts):
    """The number of the file, and the mask, of each series."""
    return [(number, mask) for number, _, _, _, mask in _core.live_series(indices, restarts)]


def shown(directory):
    """The same by TensorBoard, without sampling."""
    accumulator = EventAccumulator(str(directory), size_guidance={"tensors": 0})
    accumulator.Reload()
    found = {
        tag: [
            (each.step, tensor_util.make_ndarray(each.tensor_proto).item())
            for each in accumulator.Tensors(tag)
        ]
        for tag in accumulator.Tags()["tensors"]
    }
    return {tag: rows for tag, rows in found.items() if rows}


def any_run(rng):
    """One to four files, with and without versions and markers; steps go on, go back and repeat."""
    files, value = [], 0.0
    for _ in range(rng.integers(1, 5)):
        events = [VERSION] if rng.random() < 0.5 else []
        step = int(rng.integers(0, 20))
        for _ in range(rng.integers(0, 25)):
            what = rng.random()
            if what < 0.1:
                step = int(rng.integers(0, 20))
                events.append(Event(step=step, session_log=START))
            elif what < 0.2:
                step = max(0, step - int(rng.integers(0, 10)))
            else:
                step += int(rng.integers(0, 3))
                value += 1
                events.append(scalar(step, rng.choice(["a", "b"]), value))
        files.append(events)
    return files


@pytest.mark.parametrize("seed", range(150))
def test_as_tensorboard_shows_it(tmp_path, seed):
    paths = write_run(tmp_path / "run", any_run(np.random.default_rng(seed)))
    assert kept(paths, "as-tensorboard") == shown(tmp_path / "run")


def test_the_first_start_is_the_beginning(tmp_path):
    first = [VERSION, scalar(1), scalar(2), scalar(3), Event(step=2, session_log=START), scalar(2, value=1)]
    second = [VERSION, Event(step=3, session_log=START), scalar(3, value=2)]
    paths = write_run(tmp_path / "run", [first, second])
    expected = {"a": [(1, 0.0), (2, 0.0), (2, 1.0), (3, 2.0)]}
    assert kept(paths, "as-tensorboard") == expected == shown(tmp_path / "run")


def test_torch_purge_step(tmp_path):
    pytest.importorskip("torch")
    for purge_step in (None, 5, 8):
        with oracle.torch_tensorboard.SummaryWriter(
            tmp_path / "run", purge_step=purge_step, filename_suffix=f".{purge_step or 0}"
        ) as writer:
            for step in range(purge_step or 0, 12):
                writer.add_scalar("a", step + (purge_step or 0), step)
    paths = oracle.event_files(tmp_path / "run")
    assert kept(paths, "as-tensorboard") == shown(tmp_path / "run")


def test_the_newest_file_wins_from_its_first_step_of_a_tag(tmp_path):
    first = [VERSION, *(scalar(step, tag, 1) for step in range(6) for tag in "abc")]
    second = [VERSION, *(scalar(step, "a", 2) for step in range(3, 8)), scalar(5, "b", 2)]
    third = [VERSION, scalar(1, "b", 3), scalar(7, "a", 3)]
    paths = write_run(tmp_path / "run", [first, second, third])
    assert kept(paths, "newest") == {
        "a": [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 2), (6, 2), (7, 3)],
        "b": [(0, 1), (1, 3)],
        "c": [(step, 1) for step in range(6)],
    }
    assert len(kept(paths, "all")["a"]) == 12


def test_a_run_without_restarts_has_no_masks(tmp_path):
    paths = write_run(tmp_path / "run", [[VERSION, scalar(1), scalar(2)], [VERSION, scalar(3)]])
    indices = _core.scan_files([str(path) for path in paths])
    for restarts in ("as-tensorboard", "newest", "all"):
        assert masks_of(indices, restarts) == [(0, None), (1, None)]


def test_graphs_stay(tmp_path):
    again = [VERSION, Event(step=0, session_log=START), Event(graph_def=b"g")]
    paths = write_run(tmp_path / "run", [again, again])
    indices = _core.scan_files([str(path) for path in paths])
    assert masks_of(indices, "as-tensorboard") == [(0, None), (1, None)]
