"""rm-tag, rename-tag, rename-run, shift-steps, merge and repair -o, read back with TensorBoard's loader."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch.utils.tensorboard as torch_tensorboard
from hypothesis import given
from hypothesis import strategies as st
from support import commands, oracle, scanner
from tensorboard.compat.proto.event_pb2 import Event, SessionLog, TaggedRunMetadata
from tickertape.cli import event_bytes, patterns
from tickertape.writer import SummaryWriter

RUNS = ("ours", "seed/torch", "seed/tbx")


def events_of(top):
    """Run to the events of its files, by TensorBoard's loader."""
    return {
        str(folder.relative_to(top)): [
            event for file in oracle.event_files(folder) for event in oracle.load(file)
        ]
        for folder in sorted({path.parent for path in Path(top).rglob("*tfevents*")})
    }


def without(event, tag):
    """The event that is left without a tag, by protobuf; None if nothing is."""
    copy = Event.FromString(event.SerializeToString())
    kept = [value for value in copy.summary.value if value.tag != tag]
    if copy.summary.value and not kept:
        return None
    if copy.summary.value:
        del copy.summary.value[:]
        copy.summary.value.extend(kept)
    return copy


@pytest.mark.parametrize("in_place", [False, True])
def test_rm_tag(log_dir, tmp_path, in_place):
    before, bytes_before = events_of(log_dir), commands.tree(log_dir)
    new = log_dir if in_place else tmp_path / "new"
    where = ["--in-place"] if in_place else ["-o", new]
    done = commands.run("rm-tag", log_dir, "lr", *where, status=0)
    assert done.out == "removed lr from 60 records of 3 files\n"
    wanted = {
        run: [event for event in (without(event, "lr") for event in events) if event is not None]
        for run, events in before.items()
    }
    assert events_of(new) == wanted
    if in_place:
        assert done.err.count("kept ") == 3
        for run in RUNS:
            (backup,) = (log_dir / run).glob("*backup*")
            name = str(oracle.only_file(log_dir / run).relative_to(log_dir))
            assert backup.read_bytes() == bytes_before[name][0]
    else:
        assert commands.tree(log_dir) == bytes_before


def test_records_that_are_not_concerned_are_copied_byte_for_byte(log_dir, tmp_path):
    commands.run("rm-tag", log_dir, "weights", "-o", tmp_path / "new", status=0)
    for run in RUNS:
        old = oracle.raw_records(oracle.only_file(log_dir / run))
        new = oracle.raw_records(oracle.only_file(tmp_path / "new" / run))
        assert new == [record for record in old if b"weights" not in record]
    done = commands.run("rm-tag", log_dir, "nothing*", "-o", tmp_path / "same", status=1)
    assert "no value has a tag that matches nothing*" in done.out
    for run in RUNS:
        assert (
            oracle.only_file(log_dir / run).read_bytes()
            == oracle.only_file(tmp_path / "same" / run).read_bytes()
        )


def test_one_of_several_values_of_an_event(tmp_path):
    with SummaryWriter(tmp_path / "run") as writer:
        writer.log({"a": 1.0, "b": 2.0, "c": 3.0}, 4)
    file = oracle.only_file(tmp_path / "run")
    commands.run("rm-tag", file, "b", "-o", tmp_path / "x.tfevents.1", status=0)
    (event,) = [event for event in oracle.load(tmp_path / "x.tfevents.1") if event.summary.value]
    assert [(value.tag, value.simple_value) for value in event.summary.value] == [("a", 1.0), ("c", 3.0)]
    assert event.step == 4


@pytest.mark.parametrize("in_place", [False, True])
def test_rename_tag(log_dir, tmp_path, in_place):
    before = events_of(log_dir)
    new = log_dir if in_place else tmp_path / "new"
    commands.run(
        "rename-tag", log_dir, "lr", "optim/rate", *(["--in-place"] if in_place else ["-o", new]), status=0
    )
    for events in before.values():
        for event in events:
            for value in event.summary.value:
                value.tag = "optim/rate" if value.tag == "lr" else value.tag
    assert events_of(new) == before


def test_rename_tags_by_their_beginning(log_dir, tmp_path):
    commands.run("rename-tag", log_dir, "--prefix", "loss/", "error_", "-o", tmp_path / "new", status=0)
    tags = {
        value.tag
        for events in events_of(tmp_path / "new").values()
        for e in events
        for value in e.summary.value
    }
    assert "error_train" in tags
    assert not any(tag.startswith("loss") for tag in tags)


def test_a_tag_that_is_taken(log_dir, tmp_path):
    before = commands.tree(log_dir)
    done = commands.run("rename-tag", log_dir, "lr", "loss/train", "--in-place", status=2)
    assert "expected a tag that is not there, got 'loss/train'" in done.err
    assert commands.tree(log_dir) == before
    commands.run("rename-tag", log_dir, "lr", "loss/train", "--join", "-o", tmp_path / "new", status=0)


@pytest.mark.parametrize("by", [1000, -5, 0])
def test_shift_steps(log_dir, tmp_path, by):
    before = events_of(log_dir)
    commands.run("shift-steps", log_dir, "-o", tmp_path / "new", "--", by, status=0 if by else 1)
    for events in before.values():
        for event in events:
            if event.HasField("summary"):
                event.step += by
    assert events_of(tmp_path / "new") == before


def test_steps_have_64_bits(log_dir, tmp_path):
    done = commands.run("shift-steps", log_dir, 2**63 - 5, "-o", tmp_path / "new", status=2)
    assert "keeps every step in 64 bits" in done.err
    before = commands.contents(tmp_path)
    commands.run("shift-steps", log_dir, 2**63 - 5, "--in-place", status=2)
    assert commands.contents(tmp_path) == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("in_place", [False, True])
def test_rename_run(log_dir, tmp_path, in_place):
    before = events_of(log_dir)
    new = log_dir if in_place else tmp_path / "new"
    done = commands.run(
        "rename-run", log_dir, "seed", "seeds/a", *(["--in-place"] if in_place else ["-o", new]), status=0
    )
    assert done.out == "renamed 2 runs\n"
    assert events_of(new) == {
        "ours": before["ours"], "seeds/a/torch": before["seed/torch"], "seeds/a/tbx": before["seed/tbx"],
    }  # fmt: skip


def test_rename_run_refuses(log_dir, tmp_path):
    before = commands.tree(log_dir)
    for old, new, status, text in (
        ("nothing", "x", 1, "expected a run"),
        ("ours", "seed/torch", 2, "not taken"),
        ("ours", "seed", 2, "not taken"),
        ("ours", "../out", 2, "below the log directory"),
        ("ours", str(tmp_path / "out"), 2, "below the log directory"),
    ):
        assert text in commands.run("rename-run", log_dir, old, new, "--in-place", status=status).err
    assert commands.tree(log_dir) == before


def make_run(folder, first, last, *, purge=None, offset=0.0):
    with SummaryWriter(str(folder), purge_step=purge) as writer:
        for step in range(first, last):
            writer.add_scalar("a", step + offset, step, walltime=1_700_000_000 + step + 100 * offset)


@pytest.mark.parametrize(
    ("restarts", "steps"),
    [
        ("as-tensorboard", [*range(10), *range(6, 12)]),
        ("newest", [*range(6), *range(6, 12)]),
        ("all", [*range(10), *range(6, 12)]),
    ],
)
def test_merge(tmp_path, restarts, steps):
    make_run(tmp_path / "logs" / "b_first", 0, 10)
    make_run(tmp_path / "logs" / "a_resumed", 6, 12, purge=6, offset=0.5)
    runs = [tmp_path / "logs" / name for name in ("a_resumed", "b_first")]
    commands.run("merge", *runs, "-o", tmp_path / "new", "--restarts", restarts, status=0)
    events = oracle.load(oracle.only_file(tmp_path / "new"))
    assert [event.step for event in events if event.summary.value] == steps
    assert [event.HasField("file_version") for event in events] == [True] + [False] * (len(events) - 1)
    starts = [event for event in events if event.session_log.status == SessionLog.START]
    written = oracle.load(oracle.only_file(runs[0]))
    wanted = [event for event in written if event.session_log.status == SessionLog.START]
    assert starts == ([] if restarts == "all" else wanted)


def test_merge_is_shown_by_tensorboard_as_one_run(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    make_run(tmp_path / "first", 0, 10, purge=0)
    make_run(tmp_path / "second", 6, 12, purge=6, offset=0.5)
    commands.run("merge", tmp_path / "first", tmp_path / "second", "-o", tmp_path / "new", status=0)
    shown = EventAccumulator(str(tmp_path / "new"), size_guidance={"scalars": 0})
    shown.Reload()
    assert [(e.step, e.value) for e in shown.Scalars("a")] == [
        *((step, step) for step in range(6)), *((step, step + 0.5) for step in range(6, 12)),
    ]  # fmt: skip


def test_merge_takes_runs_without_those_below(log_dir, tmp_path):
    done = commands.run("merge", log_dir, log_dir / "ours", "-o", tmp_path / "new", status=2)
    assert "runs below it: 'ours', 'seed/tbx'" in done.err
    assert not (tmp_path / "new").exists()
    assert "at least two" in commands.run("merge", log_dir / "ours", "-o", tmp_path / "new", status=2).err


def damaged(file):
    """Damages the fifth record, adds one that is no event, and half a record."""
    records = oracle.raw_records(file)
    at = sum(16 + len(record) for record in records[:4])
    content = bytearray(file.read_bytes())
    content[at + 14] ^= 0xFF
    file.write_bytes(bytes(content) + oracle.frame(b"\xff\xff") + oracle.frame(records[-1])[:9])
    return [*records[:4], *records[5:]]


def test_repair_a_file(log_dir, tmp_path):
    file = oracle.only_file(log_dir / "ours")
    intact = damaged(file)
    before = commands.tree(log_dir)
    done = commands.run("repair", file, "-o", tmp_path / file.name, status=0)
    assert "1 damaged place (" in done.out
    assert "1 record without an event left out" in done.out
    assert "9 bytes of a record that is cut off left out" in done.out
    assert oracle.raw_records(tmp_path / file.name) == intact
    assert commands.tree(log_dir) == before
    commands.run("repair", log_dir, "-o", tmp_path / "all", status=0)
    assert oracle.raw_records(tmp_path / "all" / "ours" / file.name) == intact
    assert "copies what is intact" in commands.run("repair", file, status=2).err


def test_damage_stays_when_something_else_is_edited(log_dir, tmp_path):
    file = oracle.only_file(log_dir / "ours")
    damaged(file)
    records, damage = scanner.records(file)
    done = commands.run("rm-tag", file, "lr", "-o", tmp_path / file.name, status=0)
    assert "damaged in 2 places" in done.err
    new_records, new_damage = scanner.records(tmp_path / file.name)
    assert new_records == [record for record in records if b"\x0a\x02lr" not in record]
    assert [length for _, length in new_damage] == [length for _, length in damage]
    assert commands.run("repair", tmp_path / file.name, "-o", tmp_path / "x.tfevents.2", status=0)


WRITERS = {
    "ours": "from tickertape.writer import SummaryWriter",
    "torch": "from torch.utils.tensorboard import SummaryWriter",
    "tbx": "from tensorboardX import SummaryWriter",
}


@pytest.mark.parametrize("make", WRITERS)
def test_a_run_that_is_being_written_is_refused(tmp_path, make):
    script = f"""
import sys
{WRITERS[make]}
writer = SummaryWriter(sys.argv[1])
writer.add_scalar("a", 1.0, 0)
writer.flush()
print("ready", flush=True)
sys.stdin.read()
writer.close()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "run")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout.readline() == b"ready\n"
        before = commands.tree(tmp_path)
        for arguments in (
            ["rm-tag", tmp_path / "run", "a", "--in-place"],
            ["rm-tag", tmp_path / "run", "a", "-o", tmp_path / "new"],
            ["shift-steps", tmp_path / "run", "1", "--in-place"],
            ["rename-run", tmp_path, "run", "new", "--in-place"],
            ["merge", tmp_path / "run", tmp_path / "run", "-o", tmp_path / "new"],
            ["repair", tmp_path / "run", "-o", tmp_path / "new"],
        ):
            assert f"is being written by process {child.pid}" in commands.run(*arguments, status=1).err
        assert commands.tree(tmp_path) == before
    finally:
        child.stdin.close()
        child.wait(60)
        child.stdout.close()
    commands.run("rm-tag", tmp_path / "run", "a", "--in-place", status=0)


def test_a_writer_of_torch_that_was_closed_in_a_living_process(tmp_path):
    with torch_tensorboard.SummaryWriter(str(tmp_path / "run")) as writer:
        writer.add_scalar("a", 1.0, 0)
    done = commands.run("rm-tag", tmp_path / "run", "a", "--in-place", status=1)
    assert f"by process {os.getpid()}, or was" in done.err
    commands.run("rm-tag", tmp_path / "run", "a", "--in-place", "--closed", status=0)


def test_a_file_of_another_machine_may_still_be_written(log_dir, tmp_path):
    file = oracle.only_file(log_dir / "ours")
    other = file.with_name("events.out.tfevents.1700000000.elsewhere.1.0")
    shutil.copy(file, other)
    assert "made on another machine" in commands.run("rm-tag", other, "lr", "--in-place", status=1).err
    os.utime(other, (1_700_000_000, 1_700_000_000))
    commands.run("rm-tag", other, "lr", "--in-place", status=0)


def test_nothing_is_overwritten(log_dir, tmp_path):
    target = tmp_path / "there.tfevents"
    target.write_bytes(b"precious")
    done = commands.run("rm-tag", oracle.only_file(log_dir / "ours"), "lr", "-o", target, status=2)
    assert "nothing is overwritten" in done.err
    assert target.read_bytes() == b"precious"
    assert "outside" in commands.run("rm-tag", log_dir, "lr", "-o", log_dir / "new", status=2).err
    for _ in range(3):
        commands.run("shift-steps", log_dir / "ours", "1", "--in-place", status=0)
    assert len(list((log_dir / "ours").glob("*backup*"))) == 3


def test_links_out_of_the_log_directory_are_not_followed(log_dir, tmp_path):
    target = tmp_path / "elsewhere.tfevents.1"
    shutil.copy(oracle.only_file(log_dir / "ours"), target)
    (log_dir / "ours" / "z.tfevents.2").symlink_to(target)
    before = commands.tree(tmp_path)
    assert "leads out of" in commands.run("rm-tag", log_dir, "lr", "--in-place", status=2).err
    assert commands.tree(tmp_path) == before


def test_fields_that_nobody_knows_stay(tmp_path):
    unknown = b"\xf8\x07\x05\xfa\x07\x03abc\xfd\x07" + struct.pack("<f", 2) + b"\xfb\x07\x08\x01\xfc\x07"
    value = b"\x0a\x01a" + unknown + b"\x15" + struct.pack("<f", 1)
    event = unknown + b"\x10\x05" + b"\x2a" + bytes([len(value) + 2 + len(unknown)]) + unknown
    event += b"\x0a" + bytes([len(value)]) + value
    assert event_bytes.edit_tags(event, lambda tag: tag) is event
    renamed = event_bytes.edit_tags(event, lambda _: "long name")
    assert renamed.count(unknown) == 3
    assert [v.tag for v in Event.FromString(renamed).summary.value] == ["long name"]
    assert Event.FromString(event_bytes.with_step(event, 9)).step == 9
    assert event_bytes.with_step(event, 9).count(unknown) == 3


STEPS = st.integers(-(2**63), 2**63 - 1)


@given(
    st.floats(allow_nan=False),
    STEPS,
    st.lists(st.tuples(st.text(max_size=4), st.floats(width=32, allow_nan=False)), max_size=4),
    STEPS,
    st.text(max_size=200),
)
def test_edits_agree_with_protobuf(wall_time, step, values, new_step, new_tag):
    event = Event(wall_time=wall_time, step=step)
    for tag, number in values:
        event.summary.value.add(tag=tag, simple_value=number)
    shifted = Event.FromString(event_bytes.with_step(event.SerializeToString(), new_step))
    renamed = event_bytes.edit_tags(event.SerializeToString(), lambda tag: new_tag if tag else tag)
    assert list(event_bytes.tags(event.SerializeToString())) == [tag for tag, _ in values]
    assert event_bytes.step_of(event.SerializeToString()) == step
    for value in event.summary.value:
        value.tag = new_tag if value.tag else value.tag
    assert Event.FromString(renamed) == event
    assert shifted.step == new_step


@given(
    st.lists(st.text("ab/*?[]\xe4", max_size=4), max_size=3),
    st.lists(st.text("ab/*?[]\xe4", max_size=4), min_size=1, max_size=3),
)
def test_events_without_a_beginning_need_no_edit(tags, wanted):
    event = Event(step=1)
    for tag in tags:
        event.summary.value.add(tag=tag, simple_value=1.0)
    data = event.SerializeToString()
    matches = patterns.matcher(wanted)
    beginnings = [patterns.beginning(pattern).encode() for pattern in wanted]

    def edit(tag):
        return None if matches(tag) else tag

    assert event_bytes.edit_some_tags(data, beginnings, edit) == event_bytes.edit_tags(data, edit)
    with pytest.raises(ValueError, match="varint cut off"):
        event_bytes.edit_some_tags(b"\xff\xff", [b"a"], edit)


def test_run_metadata_has_tags_too():
    event = Event(tagged_run_metadata=TaggedRunMetadata(tag="step1", run_metadata=b"x")).SerializeToString()
    assert list(event_bytes.tags(event)) == ["step1"]
    assert event_bytes.edit_tags(event, lambda _: None) is None
    assert Event.FromString(event_bytes.edit_tags(event, str.upper)).tagged_run_metadata.tag == "STEP1"


@given(st.binary(max_size=60))
def test_any_bytes(data):
    for call in (
        lambda: list(event_bytes.tags(data)),
        lambda: event_bytes.edit_tags(data, lambda tag: tag + "x"),
        lambda: event_bytes.with_step(data, 1),
        lambda: event_bytes.is_start(data),
    ):
        try:
            call()
        except ValueError:  # noqa: PERF203  # a few calls
            continue


def test_a_file_with_two_names_is_edited_once(log_dir):
    file = oracle.only_file(log_dir / "ours")
    (log_dir / "linked").mkdir()
    (log_dir / "linked" / file.name).symlink_to(file)
    steps = [event.step for event in oracle.load(file) if event.HasField("summary")]
    commands.run("shift-steps", log_dir, "100", "--in-place", status=0)
    assert [event.step for event in oracle.load(file) if event.HasField("summary")] == [
        step + 100 for step in steps
    ]


def test_merge_refuses_a_run_twice(log_dir, tmp_path):
    (tmp_path / "link").symlink_to(log_dir / "ours")
    before = commands.tree(tmp_path)
    for again in (log_dir / "ours", tmp_path / "link", oracle.only_file(log_dir / "ours")):
        done = commands.run("merge", log_dir / "ours", again, "-o", tmp_path / "new", status=2)
        assert "expected different runs" in done.err
    inside = ["merge", log_dir / "ours", log_dir / "seed" / "tbx", "-o", log_dir / "ours" / "new"]
    assert "expected a path outside" in commands.run(*inside, status=2).err
    assert commands.tree(tmp_path) == before


def test_repair_leaves_out_files_of_other_formats(log_dir, tmp_path):
    pointer = log_dir / "ours" / "events.out.tfevents.9"
    pointer.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    done = commands.run("repair", log_dir, "-o", tmp_path / "new", status=0)
    assert f"{pointer}: left out, since it is a pointer of git-lfs" in done.err
    old = {
        name: content
        for name, content in commands.contents(log_dir).items()
        if not name.endswith("tfevents.9")
    }
    assert commands.contents(tmp_path / "new") == old
    assert (
        "git lfs pull" in commands.run("repair", pointer.parent / pointer, "-o", tmp_path / "x", status=2).err
    )
