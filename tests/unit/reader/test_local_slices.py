"""Slices of event files in local directories, as a mounted or copied bucket has them: one file for every reader of ours."""

import itertools
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import tickertape
from support import event_slices, oracle
from tickertape.cli.main import main
from tickertape.reader import EventAccumulator, SummaryReader, bundles

STEPS = 60


def write(directory, steps=range(STEPS)):
    """A run with scalars, texts and images; returns its event file."""
    with tickertape.SummaryWriter(directory) as writer:
        for step in steps:
            writer.add_scalar("loss", 1 / (step + 1), step)
            if step % 10 == 0:
                writer.add_text("note", f"at {step}", step)
                writer.add_image("picture", np.full((1, 4, 4), step % 250, np.uint8), step)
    return oracle.only_file(directory)


@pytest.fixture
def both(tmp_path):
    """The same run as one file in `whole`, and in slices in `sliced`."""
    file = write(tmp_path / "whole" / "run")
    shutil.copytree(tmp_path / "whole", tmp_path / "sliced")
    made = event_slices.write(tmp_path / "sliced" / "run" / file.name)
    assert len(made) >= 5
    return file, made


def loss(runs):
    return [(int(step), float(value)) for step, value in zip(*table(runs), strict=True)]


def table(runs):
    scalars = runs.scalars["loss"]
    return scalars.step, scalars.value


def test_every_reader_of_ours_sees_one_file(tmp_path, both):
    pytest.importorskip("pandas")
    file, made = both
    whole, sliced = (tickertape.read(tmp_path / name) for name in ("whole", "sliced"))
    assert loss(sliced) == loss(whole)
    assert sliced["run"].tags == whole["run"].tags
    assert [str(path) for path in sliced["run"].files] == [f"{made[0].parent}/{file.name}.at-*"]
    assert sliced.problems == []
    assert [row.text for row in sliced.text["note/text_summary"]] == [
        row.text for row in whole.text["note/text_summary"]
    ]
    pictures = zip(sliced.images["picture"], whole.images["picture"], strict=True)
    assert all(ours.encoded == theirs.encoded for ours, theirs in pictures)
    folder = made[0].parent
    columns = tickertape.read_scalars(file.parent)["loss"].step.tolist()
    assert tickertape.read_scalars(folder)["loss"].step.tolist() == columns
    assert tickertape.read_scalars(folder / file.name)["loss"].step.tolist() == columns
    accumulator = EventAccumulator(str(folder)).Reload()
    assert [event.step for event in accumulator.Scalars("loss")] == list(range(STEPS))
    assert SummaryReader(folder).scalars.equals(SummaryReader(file.parent).scalars)
    assert list(SummaryReader(folder).children) == [f"{file.name}.at-*"]
    events = [event.wall_time for event in tickertape.summary_iterator(file)]
    assert [event.wall_time for event in tickertape.summary_iterator(folder / file.name)] == events
    assert [row.step for row in tickertape.follow(folder, tags="loss", timeout=0)] == list(range(STEPS))
    assert len(bundles(tmp_path / "sliced")[0].read().scalars) == STEPS
    assert bundles(tmp_path / "sliced")[0].bytes == file.stat().st_size


@pytest.mark.parametrize("name", ["F", "F.at-*"])
def test_the_file_can_be_named(tmp_path, both, name):
    file, made = both
    path = made[0].with_name(name.replace("F", file.name))
    assert len(tickertape.read(path).scalars) == STEPS
    assert sum(1 for _ in tickertape.summary_iterator(path)) == len(oracle.load(file))


def test_the_name_of_a_slice_is_that_slice(both):
    file, made = both
    counts = [sum(1 for _ in tickertape.summary_iterator(path)) for path in made]
    assert sum(counts) == len(oracle.load(file))
    assert max(counts) < sum(counts)


@pytest.mark.parametrize("restarts", ["newest", "as-tensorboard", "all"])
def test_a_restart_is_not_within_a_file(tmp_path, restarts):
    for directory in ("whole", "sliced"):
        write(tmp_path / directory / "run", range(20))
    for directory in ("whole", "sliced"):
        with tickertape.SummaryWriter(tmp_path / directory / "run", purge_step=10) as writer:
            for step in range(10, 30):
                writer.add_scalar("loss", -1.0, step)
    for path in oracle.event_files(tmp_path / "sliced" / "run"):
        event_slices.write(path, count=7)
    whole, sliced = (tickertape.read(tmp_path / name, restarts=restarts) for name in ("whole", "sliced"))
    assert len(sliced["run"].files) == 2
    assert loss(sliced) == loss(whole)


def test_any_set_of_slices_is_read_without_doubles(tmp_path):
    """Overlaps, a merged object beside what it was made of, and the file itself: each event once, in order."""
    file = write(tmp_path / "made")
    content = file.read_bytes()
    ends = event_slices.ends(content)
    generator = random.Random(7)
    for number in range(30):
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        spans = [(a, b) for a, b in itertools.pairwise(sorted({0, len(content), *generator.sample(ends, 4)}))]
        for _ in range(generator.randrange(4)):
            begin, end = sorted(generator.sample([0, *ends], 2))
            spans.append((begin, end))
        by_begin = {}
        for begin, end in spans:  # one object a name
            by_begin[begin] = max(end, by_begin.get(begin, 0))
        for begin, end in by_begin.items():
            (folder / f"{file.name}.at-{begin:016d}").write_bytes(content[begin:end])
        if number % 3 == 0:
            (folder / file.name).write_bytes(content[: generator.choice(ends)])
        runs = tickertape.read(folder)
        assert runs["."].scalars["loss"].step.tolist() == list(range(STEPS))
        assert runs.problems == []


def test_a_gap_is_said_and_the_rest_is_read(tmp_path, both, capsys):
    file, made = both
    missing = made.pop(2)
    begin = int(missing.name[-16:])
    size = missing.stat().st_size
    missing.unlink()
    runs = tickertape.read(tmp_path / "sliced")
    with pytest.warns(tickertape.DamageWarning, match="no slice has these bytes"):
        steps = runs.scalars["loss"].step.tolist()
    assert 0 < len(steps) < STEPS
    assert steps[0] == 0
    assert steps[-1] == STEPS - 1
    assert runs.problems == [
        (f"{missing.parent}/{file.name}.at-*", begin, size, "no slice has these bytes of the file")
    ]
    assert (
        main(["verify", str(tmp_path / "sliced"), "--json", "--ignore", "step", "--ignore", "duplicate"]) == 1
    )
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["cause"], problem["offset"]) == ("gap", begin)
    missing.write_bytes(file.read_bytes()[begin : begin + size])
    assert runs.refresh().scalars["loss"].step.tolist() == list(range(STEPS))
    assert runs.problems == []


def test_damage_is_named_by_slice_and_offset(tmp_path, both):
    content = bytearray(both[1][3].read_bytes())
    first = event_slices.ends(bytes(content))[0]
    content[first + 20] ^= 1  # in the data of the second record
    both[1][3].write_bytes(content)
    runs = tickertape.read(tmp_path / "sliced")
    with pytest.warns(tickertape.DamageWarning) as caught:
        assert len(runs.scalars) == STEPS - 1 or len(runs.scalars) == STEPS
    assert caught[0].message.path == str(both[1][3])
    assert caught[0].message.regions[0][0] == first
    assert (runs.problems[0].path, runs.problems[0].offset) == (str(both[1][3]), first)
    with pytest.warns(tickertape.DamageWarning) as caught:
        list(tickertape.summary_iterator(tmp_path / "sliced" / "run" / both[0].name))
    assert (caught[0].message.path, caught[0].message.regions[0][0]) == (str(both[1][3]), first)


def test_slices_that_appear_are_followed(tmp_path):
    file = write(tmp_path / "made")
    content = file.read_bytes()
    folder = tmp_path / "logs" / "run"
    folder.mkdir(parents=True)
    seen = []
    with tickertape.follow(tmp_path / "logs", tags="loss", timeout=0) as follower:
        runs = None
        for ending, data in event_slices.pieces(content, event_slices.cuts(content, 6)).items():
            (folder / (file.name + ending)).write_bytes(data)
            seen += [row.step for row in follower]
            runs = tickertape.read(tmp_path / "logs") if runs is None else runs.refresh()
            assert runs.scalars["loss"].step.tolist() == seen
        assert seen == list(range(STEPS))
        # One object takes the place of all: nothing is new.
        (folder / f"{file.name}.at-{0:016d}").write_bytes(content)
        for path in sorted(folder.iterdir())[1:]:
            path.unlink()
        assert list(follower) == []
        assert runs.refresh().scalars["loss"].step.tolist() == seen
        state = follower.state
    (folder / f"{file.name}.at-{0:016d}").rename(folder / file.name)
    assert list(tickertape.follow(tmp_path / "logs", tags="loss", timeout=0, state=state)) == []


def test_slices_that_are_copied_out_of_order_are_followed_in_order(tmp_path):
    file = write(tmp_path / "made")
    content = file.read_bytes()
    folder = tmp_path / "logs"
    folder.mkdir()
    made = list(event_slices.pieces(content, event_slices.cuts(content, 6)).items())
    seen = []
    with tickertape.follow(folder, tags="loss", timeout=0) as follower:
        for ending, data in [made[0], *reversed(made[1:])]:
            (folder / (file.name + ending)).write_bytes(data)
            seen += [row.step for row in follower]
    assert seen == list(range(STEPS))


def test_replaced_slices_are_read_anew(tmp_path, both):
    runs = tickertape.read(tmp_path / "sliced")
    assert loss(runs)[0] == (0, 1.0)
    other = write(tmp_path / "other", range(100, 100 + STEPS))
    for path in both[1]:
        path.unlink()
    content = other.read_bytes()
    for ending, data in event_slices.pieces(content, event_slices.cuts(content, 3)).items():
        (both[1][0].parent / (both[0].name + ending)).write_bytes(data)
    assert runs.refresh().scalars["loss"].step.tolist() == list(range(100, 100 + STEPS))
    for path in sorted(both[1][0].parent.iterdir())[1:]:
        path.unlink()
    assert 0 < len(runs.refresh().scalars["loss"].step) < STEPS


def test_names_of_strangers(tmp_path, both):
    """Enormous offsets, names that are nearly slices, links, empty slices: nothing large is made, nothing is lost."""
    folder, name = both[1][0].parent, both[0].name
    content = both[1][-1].read_bytes()
    (folder / f"{name}.at-9999999999999999").write_bytes(b"")
    (folder / f"{name}.at-12").write_bytes(content)
    (folder / f"{name}.at-99999999999999999").write_bytes(b"")
    (folder / f"{name}.at-0000000000000003").symlink_to(folder / "nowhere")
    (folder / "own.tfevents.at-*").write_bytes(both[0].read_bytes())
    (folder / "tfevents.at-9999999999999990").write_bytes(both[0].read_bytes())
    runs = tickertape.read(tmp_path / "sliced")
    with pytest.warns(tickertape.DamageWarning, match="no slice has these bytes"):
        found = {path.name: path for path in runs["run"].files}
    assert f"{name}.at-*" in found
    assert "tfevents.at-*" in found
    assert "own.tfevents.at-*" in found
    assert runs["run"].scalars["loss"].step.tolist().count(STEPS // 2) == 3
    assert [problem.bytes for problem in runs.problems] == [9999999999999990]


def test_a_sparse_slice_stays_sparse(tmp_path, both):
    """A few bytes on a stranger's disk are no gigabytes on ours."""
    end = int(both[1][-1].name[-16:]) + both[1][-1].stat().st_size
    hole = both[1][0].with_name(f"{both[0].name}.at-{end:016d}")
    with hole.open("wb") as file:
        file.truncate(64 << 20)
    runs = tickertape.read(tmp_path / "sliced")
    assert len(runs.scalars) == STEPS
    (status,) = [Path(file.readable).stat() for file in runs["run"]._files]
    assert status.st_size == end + (64 << 20)
    assert status.st_blocks * 512 < 4 << 20


def test_copies_are_removed(tmp_path, both, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    runs = tickertape.read(tmp_path / "sliced")
    assert len(runs.scalars) == STEPS
    assert list(temporary.iterdir())
    del runs
    assert not list(temporary.iterdir())


def test_the_command_line(tmp_path, both, capsys):
    file, made = both
    whole, sliced = str(tmp_path / "whole"), str(tmp_path / "sliced")

    def said(*words):
        assert main(list(words)) == 0
        return capsys.readouterr().out

    (listed,) = json.loads(said("ls", sliced, "--json"))
    assert listed["size"] == file.stat().st_size
    assert listed["last_step"] == STEPS - 1
    for words in (
        ["ls", "--flat"],
        ["show", "loss"],
        ["tail", "--json"],
        ["plot"],
        ["summarize"],
        ["compare"],
    ):
        assert said(words[0], sliced, *words[1:]) == said(words[0], whole, *words[1:]).replace(whole, sliced)
    assert "no problems" in said("verify", sliced)
    assert said("verify", str(made[0].parent / file.name)).startswith(f"{len(oracle.load(file)):,} event")
    other = write(tmp_path / "other", range(STEPS, 2 * STEPS))
    said("merge", f"{sliced}/run", str(other.parent), "-o", str(tmp_path / "merged"))
    merged = oracle.only_file(tmp_path / "merged")
    assert merged.name == file.name
    assert tickertape.read_scalars(merged)["loss"].step.tolist() == list(range(2 * STEPS))
    said("export", sliced, str(tmp_path / "table"), "--format", "csv")
    for words in (
        ["rm-tag", sliced, "loss", "-o", str(tmp_path / "x")],
        ["repair", sliced, "-o", str(tmp_path / "x")],
    ):
        assert main(words) != 0
        assert "tickertape compact" in capsys.readouterr().err
