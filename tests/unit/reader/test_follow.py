"""follow(): every row of files that grow, once and in order, across runs, restarts of the follower and event loops."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import textwrap
import threading
import warnings

import numpy as np
import pytest
import tickertape
from hypothesis import given
from hypothesis import strategies as st
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tickertape import reader
from tickertape.reader import dir_watch
from tickertape.reader import rows as rows_module
from tickertape.reader.follower import follow

PATIENCE_SECS = 60  # of tests, which never wait so long


def now(logdir, **options):
    """What is there."""
    return follow(logdir, timeout=0, **options)


def facts(rows):
    return [(row.run, row.tag, row.step, getattr(row, "value", None)) for row in rows]


def scalars(step, *tags):
    return Event(
        step=step,
        wall_time=step,
        summary=Summary(value=[Summary.Value(tag=tag, simple_value=step) for tag in tags]),
    )


def append(path, *events):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.writelines(oracle.frame(event.SerializeToString()) for event in events)


VERSION = Event(wall_time=1, file_version="brain.Event:2")


def test_what_is_there_and_then_what_is_new(tmp_path):
    with now(tmp_path) as rows, tickertape.SummaryWriter(tmp_path / "a") as writer:
        assert list(rows) == []
        writer.add_scalar("loss", 0.5, 1, 100.0)
        writer.flush()
        assert [tuple(row) for row in rows] == [("a", "loss", 1, 100.0, 0.5)]
        assert list(rows) == []
        for step in range(2, 5):
            writer.log({"x": step, "loss": -step}, step)
        writer.flush()
        assert facts(rows) == [
            ("a", tag, step, value) for step in range(2, 5) for tag, value in (("loss", -step), ("x", step))
        ]
        with tickertape.SummaryWriter(tmp_path / "deep" / "down") as other:
            other.add_scalar("new", 1, 1)
        assert facts(rows) == [("deep/down", "new", 1, 1.0)]


def test_every_kind(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer, now(tmp_path) as rows:
        for step in range(2):
            writer.add_image("image", np.full((3, 2, 2), step * 255, np.uint8), step)
            writer.add_text("text", f"words {step}", step)
            writer.add_histogram("histogram", np.arange(5), step)
            writer.add_tensor("tensor", np.full((2, 2), step), step)
            writer.add_scalar("new", step, step, new_style=True)
        writer.flush()
        found = list(rows)
        assert [(row.tag, row.step) for row in found] == [
            (tag, step)
            for step in range(2)
            for tag in ("image", "text/text_summary", "histogram", "tensor", "new")
        ]
        assert found[5].array.tolist() == np.full((2, 2, 3), 255).tolist()
        assert found[6].text == "words 1"
        assert found[7].num == 5
        assert found[8].array.tolist() == [[1, 1], [1, 1]]
        assert found[9].value == 1
        assert isinstance(found[7], rows_module.HistogramRow)
        writer.add_histogram("histogram", np.arange(5), 3)  # its tag's metadata was read earlier
        writer.add_text("text", "later", 3)
        writer.flush()
        assert [type(row) for row in rows] == [type(found[2]), type(found[1])]


def test_filters(tmp_path):
    for run in ("a", "b"):
        with tickertape.SummaryWriter(tmp_path / run) as writer:
            for step in range(5):
                writer.add_scalar("train/loss", step, step)
                writer.add_scalar("test/loss", step, step)
                writer.add_text("text", "x", step)
    found = facts(now(tmp_path, tags="train/*", runs="b", steps=(1, 2)))
    assert found == [("b", "train/loss", 1, 1.0), ("b", "train/loss", 2, 2.0)]
    assert {type(row) for row in now(tmp_path, kinds="text")} == {rows_module.TextRow}


@given(data=st.data())
def test_each_row_once_whatever_the_stops(tmp_path_factory, data):
    """Files grow, the follower stops anywhere and goes on from its state: together that is every row, in order."""
    top = tmp_path_factory.mktemp("logs")
    tags = st.lists(st.sampled_from("abc"), min_size=1, max_size=4)
    written = {"one": [], "two": []}
    found = {"one": [], "two": []}
    state = None
    rows = now(top)
    for step in range(data.draw(st.integers(1, 12))):
        run = data.draw(st.sampled_from(sorted(written)))
        names = data.draw(tags)
        append(
            top / run / "events.out.tfevents.1.x", *([] if written[run] else [VERSION]), scalars(step, *names)
        )
        written[run] += [(tag, step) for tag in sorted(names)]
        for row in itertools.islice(rows, data.draw(st.integers(0, 6))):
            found[row.run].append((row.tag, row.step))
        if data.draw(st.booleans()):
            state = json.loads(json.dumps(rows.state))
            rows.close()
            rows = now(top, state=state)
    for row in rows:
        found[row.run].append((row.tag, row.step))
    rows.close()
    assert found == written


def test_a_record_that_is_cut_off_comes_when_it_is_whole(tmp_path):
    path = tmp_path / "events.out.tfevents.1.x"
    blob = b"".join(
        oracle.frame(event.SerializeToString()) for event in (VERSION, scalars(1, "a"), scalars(2, "a"))
    )
    found = []
    with now(tmp_path) as rows, path.open("wb", buffering=0) as file:
        for byte in blob:
            file.write(bytes([byte]))
            found += [(file.tell(), row.step) for row in rows]
    assert [step for _, step in found] == [1, 2]
    assert found[-1][0] == len(blob)


def test_a_file_that_is_replaced_or_cut_off_is_read_anew(tmp_path):
    path = tmp_path / "events.out.tfevents.1.x"
    append(path, VERSION, scalars(1, "a"), scalars(2, "a"))
    with now(tmp_path) as rows:
        assert [row.step for row in rows] == [1, 2]
        os.truncate(path, 0)
        append(path, VERSION, scalars(5, "a"))
        assert [row.step for row in rows] == [5]
        append(
            tmp_path / "other",
            Event(wall_time=2, file_version="brain.Event:2"),
            scalars(7, "a"),
            scalars(8, "a"),
        )
        (tmp_path / "other").rename(path)
        assert [row.step for row in rows] == [7, 8]
        path.unlink()
        assert list(rows) == []
        state = rows.state
    append(path, Event(wall_time=3, file_version="brain.Event:2"), scalars(9, "a"))
    assert [row.step for row in now(tmp_path, state=state)] == [9]


def test_one_warning_for_a_damaged_file(tmp_path):
    path = tmp_path / "events.out.tfevents.1.x"
    append(path, VERSION, *(scalars(step, "a") for step in range(20)))
    blob = bytearray(path.read_bytes())
    blob[len(blob) // 2] ^= 1
    path.write_bytes(blob)
    with now(tmp_path) as rows:
        with pytest.warns(reader.DamageWarning) as caught:
            assert len(list(rows)) == 19
        assert len(caught) == 1
        assert caught[0].filename == __file__
        append(path, scalars(20, "a"))
        with path.open("ab") as file:
            file.write(b"garbage " * 10 + oracle.frame(scalars(21, "a").SerializeToString()))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert [row.step for row in rows] == [20, 21]


@pytest.mark.parametrize("has_inotify", [True, False])
def test_waits_for_a_process_that_writes(tmp_path, monkeypatch, has_inotify):
    """Each row comes before the next one is written, so nothing waits for a later change."""
    options = {"timeout": PATIENCE_SECS, "interval": PATIENCE_SECS}
    if not has_inotify:
        monkeypatch.setattr(dir_watch._Inotify, "open", lambda: None)
        options["interval"] = 0.01
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
                import sys, tickertape
                for run in ("a", "b"):
                    with tickertape.SummaryWriter(sys.argv[1] + "/" + run) as writer:
                        for step in range(5):
                            writer.add_scalar("loss", step, step)
                            writer.flush()
                            sys.stdin.readline()
            """),
            str(tmp_path),
        ],
        stdin=subprocess.PIPE,
        text=True,
    )
    with child, follow(tmp_path, tags=["loss", "missing"], **options) as rows:
        for expected in itertools.product("ab", range(5)):
            row = next(rows)
            assert (row.run, row.step) == expected
            child.stdin.write("\n")
            child.stdin.flush()
    assert child.returncode == 0


def test_close_ends_a_waiting_iteration(tmp_path):
    rows = follow(tmp_path, interval=PATIENCE_SECS)
    found = []
    thread = threading.Thread(target=lambda: found.extend(rows))
    thread.start()
    rows.close()
    thread.join(PATIENCE_SECS)
    assert not thread.is_alive()
    assert found == list(rows) == []
    rows.close()


def test_waiting_costs_no_time(tmp_path):
    with tickertape.SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 1, 1)
    with follow(tmp_path, timeout=1.0, interval=0.25) as rows:
        assert len(list(rows)) == 1
        polls = []
        poll = rows._poll
        rows._poll = lambda: (polls.append(1), poll())
        assert list(rows) == []
        assert len(polls) <= 6


def test_async_for(tmp_path):
    async def write(writer, steps):
        for step in steps:
            writer.add_scalar("a", step, step)
            writer.flush()
            await asyncio.sleep(0)

    async def main():
        found = []
        with tickertape.SummaryWriter(tmp_path) as writer:
            async with follow(tmp_path, interval=PATIENCE_SECS) as rows:
                task = asyncio.create_task(anext_of(rows))
                await asyncio.sleep(0)
                task.cancel()  # while it waits
                with pytest.raises(asyncio.CancelledError):
                    await task
                writing = asyncio.create_task(write(writer, range(10)))
                async for row in rows:
                    found.append(row.step)
                    if len(found) == 10:
                        break
                await writing
        return found

    async def anext_of(rows):
        return await rows.__anext__()

    async def what_is_there():
        return [row.step async for row in now(tmp_path)]

    assert asyncio.run(main()) == list(range(10))
    assert asyncio.run(what_is_there()) == list(range(10))


def test_many_followers_wait_in_one_event_loop(tmp_path):
    """More than an event loop has threads."""
    count = 100

    async def first_row(number):
        async with follow(tmp_path, tags=f"tag{number}", interval=PATIENCE_SECS) as rows:
            return (await rows.__anext__()).tag

    async def main():
        tasks = [asyncio.create_task(first_row(number)) for number in range(count)]
        await asyncio.sleep(0)
        with tickertape.SummaryWriter(tmp_path) as writer:
            for number in reversed(range(count)):
                writer.add_scalar(f"tag{number}", 1, 1)
        return await asyncio.gather(*tasks)

    assert asyncio.run(main()) == [f"tag{number}" for number in range(count)]


def test_close_ends_a_waiting_event_loop(tmp_path):
    async def main(rows):
        asyncio.get_running_loop().call_soon(threading.Thread(target=rows.close).start)
        return [row async for row in rows]

    rows = follow(tmp_path, interval=PATIENCE_SECS)
    assert asyncio.run(main(rows)) == []
    assert list(rows) == []


def test_files_that_are_not_wanted_cost_no_poll(tmp_path):
    append(tmp_path / "a" / "events.out.tfevents.1.x", VERSION)
    append(tmp_path / "b" / "events.out.tfevents.1.x", VERSION)
    with follow(tmp_path, runs="a", interval=PATIENCE_SECS) as rows:
        if not rows._watch.notices_changes:
            pytest.skip("needs inotify")
        polls = []
        rows._poll = lambda: polls.append(1)
        append(tmp_path / "b" / "events.out.tfevents.1.x", scalars(1, "a"))
        append(tmp_path / "a" / "events.out.tfevents.1.x", scalars(2, "a"))
        assert next(rows).step == 2
        assert polls == []


def test_a_new_deep_run_is_noticed_by_inotify(tmp_path):
    watch = dir_watch.DirWatch([str(tmp_path)])
    if not watch.notices_changes:
        pytest.skip("needs inotify")
    try:
        (tmp_path / "a" / "b").mkdir(parents=True)
        assert watch.wait(PATIENCE_SECS).is_anything
        path = tmp_path / "a" / "b" / "file"
        path.write_text("x")
        while path not in map(type(path), watch.wait(PATIENCE_SECS).files):
            pass
        watch.wake()
        assert watch.wait(PATIENCE_SECS).is_anything
    finally:
        watch.close()


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"logdir": "/missing/directory"}, FileNotFoundError, "logdir"),
        ({"logdir": 5}, TypeError, "logdir"),
        ({"tags": 5}, TypeError, "tags"),
        ({"kinds": "scalar"}, ValueError, "kinds"),
        ({"timeout": -1}, ValueError, "timeout"),
        ({"timeout": "x"}, (TypeError, ValueError), "timeout"),
        ({"interval": 0}, ValueError, "interval"),
        ({"interval": float("nan")}, ValueError, "interval"),
        ({"state": 5}, TypeError, "state"),
        ({"state": {}}, ValueError, "state"),
        ({"state": {"version": 1, "files": {"a": 5}}}, ValueError, "state"),
    ],
)
def test_bad_arguments_raise_at_the_call(tmp_path, arguments, error, name):
    with pytest.raises(error, match=rf"^{name}: expected .*, got "):
        follow(**{"logdir": tmp_path, **arguments})
