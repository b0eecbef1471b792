"""`tickertape verify`: each cause, with file, offset and count."""

import json
import math
import os
import struct
import subprocess
import sys

import pytest
from support import commands, oracle
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tickertape.writer import SummaryWriter

VERSION = Event(wall_time=1, file_version="brain.Event:2")
NAME = "events.out.tfevents.1700000000.host.1.0"


def scalar(tag, value, step, wall_time=10.0):
    return Event(
        wall_time=wall_time, step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    )


def write(folder, *events, name=NAME, end=b""):
    """A file of these events (bytes are a record as they are); returns the offset of each."""
    folder.mkdir(exist_ok=True, parents=True)
    content, offsets = b"", []
    for event in events:
        offsets.append(len(content))
        content += oracle.frame(event if isinstance(event, bytes) else event.SerializeToString())
    (folder / name).write_bytes(content + end)
    return offsets


def problems(path, status=1):
    return json.loads(commands.run("verify", path, "--json", status=status).out)["problems"]


def test_good_runs(log_dir):
    before = commands.tree(log_dir)
    done = commands.run("verify", log_dir, status=0)
    events = sum(len(events) + 1 for events in oracle.tree(log_dir).values())
    assert done.out == f"{events} events in 3 files: no problems\n"
    assert json.loads(commands.run("verify", log_dir, "--json", status=0).out) == {
        "files": 3, "events": events, "problems": [],
    }  # fmt: skip
    assert commands.tree(log_dir) == before


CASES = {
    "undecodable": ([VERSION, b"\xff\xff\xff", b"\xff\xff\xff"], 1, "", 2),
    "version": ([scalar("a", 1, 0)], 0, "", 1),
    "tag": ([VERSION, scalar("", 1, 0)], 1, "", 1),
    "step": (
        [VERSION, scalar("a", 1, 5), scalar("a", 1, 3), scalar("b", 1, 1), scalar("a", 1, 4)],
        2,
        "a",
        2,
    ),
    "duplicate": ([VERSION, scalar("a", 1, 5), scalar("b", 1, 5), scalar("a", 1, 5)], 3, "a", 1),
    "time": ([VERSION, scalar("a", 1, 5, 20), scalar("a", 1, 6, 10)], 2, "a", 1),
    "value": ([VERSION, scalar("a", 1, 5), scalar("a", math.nan, 6), scalar("a", math.inf, 7)], 2, "a", 2),
    "kind": (
        [
            VERSION,
            scalar("a", 1, 1),
            Event(wall_time=11, step=2, summary=Summary(value=[Summary.Value(tag="a", histo={"min": 1})])),
        ],
        2,
        "a",
        1,
    ),
}


@pytest.mark.parametrize("cause", CASES)
def test_each_cause(tmp_path, cause):
    events, place, tag, count = CASES[cause]
    offsets = write(tmp_path, *events)
    (problem,) = problems(tmp_path)
    message = problem.pop("message")
    assert message
    assert problem == {
        "run": ".", "file": str(tmp_path / NAME), "offset": offsets[place], "cause": cause, "tag": tag, "times": count,
    }  # fmt: skip
    text = commands.run("verify", tmp_path, status=1).out
    assert f"  at {offsets[place]}: {cause}" in text
    commands.run("verify", tmp_path, "--ignore", cause, status=0)


def test_damage_and_a_cut_tail(tmp_path):
    events = [VERSION, *(scalar("a", 1, step) for step in range(5))]
    last = oracle.frame(scalar("a", 1, 9).SerializeToString())[:-3]
    offsets = write(tmp_path, *events, end=last)
    content = bytearray((tmp_path / NAME).read_bytes())
    content[offsets[2] + 13] ^= 1
    (tmp_path / NAME).write_bytes(content)
    found = {problem["cause"]: problem["offset"] for problem in problems(tmp_path)}
    assert found == {"damage": offsets[2], "cut": len(content) - len(last)}


def test_a_tail_that_is_being_written_is_no_damage(tmp_path):
    write(tmp_path, VERSION, end=b"\x05")
    with (tmp_path / NAME).open("ab"):
        assert problems(tmp_path, status=0) == []
    assert [problem["cause"] for problem in problems(tmp_path)] == ["cut"]


def test_tags_that_are_not_utf8(tmp_path):
    good = scalar("abc", 1, 0).SerializeToString()
    write(tmp_path, VERSION, good.replace(b"abc", b"a\xffc"))
    (problem,) = problems(tmp_path)
    assert (problem["cause"], problem["tag"]) == ("tag", "a\udcffc")


def test_names_that_sort_wrongly(tmp_path):
    for counter in ("9", "10"):
        write(
            tmp_path,
            VERSION,
            scalar(f"a{counter}", 1, 0),
            name=f"events.out.tfevents.1700000000.host.1.{counter}",
        )
    (problem,) = problems(tmp_path)
    assert problem["cause"] == "order"
    assert problem["file"].endswith(".10")


def test_steps_over_files_and_markers(tmp_path):
    first = [VERSION, *(scalar("a", 1, step) for step in range(10))]
    write(tmp_path / "marked", *first)
    start = Event(wall_time=20, step=5, session_log=SessionLog(status=SessionLog.START))
    write(tmp_path / "marked", VERSION, start, scalar("a", 1, 5, 21), name=NAME.replace("17000", "17001"))
    write(tmp_path / "plain", *first)
    write(tmp_path / "plain", VERSION, scalar("a", 1, 5, 21), name=NAME.replace("17000", "17001"))
    (problem,) = problems(tmp_path)
    assert (problem["run"], problem["cause"]) == ("plain", "step")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_tensors_that_are_not_finite(tmp_path, dtype):
    import numpy as np

    numbers = {"float16": 19, "float32": 1, "float64": 2}
    value = Summary.Value(tag="a")
    value.metadata.plugin_data.plugin_name = "scalars"
    value.tensor.dtype = numbers[dtype]
    value.tensor.tensor_content = np.array([np.inf], dtype).tobytes()
    write(tmp_path, VERSION, Event(step=3, wall_time=2, summary=Summary(value=[value])))
    (problem,) = problems(tmp_path)
    assert problem["cause"] == "value"
    assert problem["message"] == "inf at step 3"


def test_an_empty_file(tmp_path):
    write(tmp_path)
    assert [problem["cause"] for problem in problems(tmp_path)] == ["empty"]


def test_the_whole_file_of_damage(tmp_path):
    (tmp_path / NAME).write_bytes(struct.pack("<Q", 1 << 63) * 100)
    assert {problem["cause"] for problem in problems(tmp_path)} == {"format"}


def test_as_a_module(log_dir):
    done = subprocess.run(
        [sys.executable, "-m", "tickertape", "verify", str(log_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "no problems" in done.stdout


def test_a_cause_that_is_not_known(log_dir):
    done = commands.run("verify", log_dir, "--ignore", "dmage", status=2)
    assert "--ignore: expected one of damage, cut, gap, undecodable, format, version, order," in done.err


def test_names_of_tags_are_escaped_once(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("esc\x1b", 1.0, 0)
    assert "tag 'esc\\x1b': " in commands.run("verify", tmp_path, status=1).out


def test_names_of_event_files_that_are_no_files(log_dir):
    os.mkfifo(log_dir / "ours" / "events.out.tfevents.1")
    (log_dir / "seed" / "events.out.tfevents.2").symlink_to(log_dir / "nowhere")
    done = json.loads(commands.run("verify", log_dir, "--json", status=1).out)
    assert {(p["run"], p["cause"], p["message"]) for p in done["problems"]} == {
        ("ours", "format", "is no regular file"), ("seed", "format", "is a link that leads nowhere"),
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:tag. expected data of one kind")
def test_a_value_of_another_kind_is_no_duplicate(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("a", 1.0, 3)
        writer.add_histogram("a", [1.0], 3)
    done = json.loads(commands.run("verify", tmp_path, "--json", status=1).out)
    assert [problem["cause"] for problem in done["problems"]] == ["kind"]


def test_a_file_that_cannot_be_read_does_not_hide_the_others(log_dir):
    (log_dir / "ours" / "events.out.tfevents.1").symlink_to("/proc/self/mem")  # EIO, also for root
    done = json.loads(commands.run("verify", log_dir, "--json", status=1).out)
    assert done["files"] == 4
    assert [(p["cause"], p["message"]) for p in done["problems"] if p["file"].endswith("tfevents.1")] == [
        ("format", "cannot be read: Input/output error")
    ]
