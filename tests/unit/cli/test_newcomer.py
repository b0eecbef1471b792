"""What a newcomer gives the commands by mistake: files that are no event files, and names that are not there."""

import gzip
import struct

import pytest
import tickertape
from support import commands
from tickertape import _core
from tickertape.writer import SummaryWriter

OTHERS = {
    "first.py": (
        b"import tickertape\n\nwriter = tickertape.SummaryWriter()\n",
        "is a text that begins 'import tickertape'",
    ),
    "x.py": (b"x=1\n", "is a text that begins 'x=1'"),
    "notes": ("größer\n".encode() * 9, "is a text that begins 'größer'"),
    "a.png": (b"\x89PNG\r\n\x1a\n" + bytes(64), "begins with the bytes 89 50 4e 47"),
    "events.out.tfevents.1.h.1.0": (b"<!DOCTYPE html><title>404</title>", "is an HTML page"),
    "a.py.gz": (gzip.compress(b"import tickertape\n"), "is a text that begins 'import tickertape'"),
}
READING = ["ls", "show", "tail", "plot", "summarize", "compare"]


def record(data):
    head = struct.pack("<Q", len(data))
    crcs = [struct.pack("<I", _core.masked_crc32c(part)) for part in (head, data)]
    return head + crcs[0] + data + crcs[1]


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_that_is_no_event_file_is_refused(tmp_path, name):
    content, words = OTHERS[name]
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(ValueError, match="logdir: expected an event file, got") as found:
        tickertape.read(file)
    assert words in str(found.value)
    for command in READING:
        done = commands.run(command, file, status=2)
        assert words in done.err
        assert done.out == ""
    assert words in commands.run("export", file, tmp_path / "out", status=2).err
    if not name.endswith(".gz"):
        assert words in commands.run("tail", "-f", file, status=2).err
        assert words in commands.run("verify", file, status=2).err
        assert words in commands.run("rm-tag", file, "a", "-o", tmp_path / "out", status=2).err
    assert not (tmp_path / "out").exists()


def test_in_a_directory_it_is_a_problem(tmp_path):
    file = tmp_path / "events.out.tfevents.1.h.1.0"
    file.write_bytes(OTHERS["first.py"][0])
    with pytest.warns(tickertape.reader.DamageWarning, match="is a text that begins"):
        assert len(tickertape.read(tmp_path).problems) == 1
    assert "format: is a text that begins 'import" in commands.run("verify", tmp_path, status=1).out


@pytest.mark.parametrize("cut", range(45))
def test_what_may_be_an_event_file_is_read(tmp_path, cut):
    """A file whose writer was killed at any byte, and one that has a record behind damage."""
    whole = record(_core.Event(b"").SerializeToString() or b"\x09" + bytes(8)) + record(
        b"\x1a\x0dbrain.Event:2"
    )
    file = tmp_path / "events"
    file.write_bytes(whole[:cut])
    tickertape.read(file).problems  # noqa: B018  # is read here
    file.write_bytes(b"\xff" * 12 + whole)
    with pytest.warns(tickertape.reader.DamageWarning):
        assert len(tickertape.read(file).problems) == 1


@pytest.fixture
def run(tmp_path):
    with SummaryWriter(str(tmp_path / "run" / "first")) as writer:
        for tag in ("loss", "accuracy"):
            writer.add_scalar(tag, 1.0, 0)
    return tmp_path / "run"


@pytest.mark.parametrize(
    "command",
    [
        ["show", "los"],
        *([name, "--tags", "los"] for name in ("ls", "tail", "plot", "summarize", "compare")),
        ["average", "OUT", "--over", "first", "--tags", "los"],
        ["export", "OUT", "--tags", "los"],
        ["rm-tag", "los", "-o", "OUT", "--closed"],
        ["rename-tag", "los", "x", "-o", "OUT", "--closed"],
    ],
    ids=lambda command: command[0],
)
def test_a_mistyped_tag(run, tmp_path, command):
    name, *rest = [str(tmp_path / "new") if word == "OUT" else word for word in command]
    done = commands.run(name, run, *rest, status=1)
    assert "the tags are 'loss', 'accuracy'; did you mean 'loss'?" in done.err + done.out


def test_a_mistyped_tag_with_json(run):
    done = commands.run("ls", run, "--tags", "los", "--json", status=1)
    assert done.out == "[]\n"
    assert "did you mean 'loss'?" in done.err


def test_a_mistyped_run(run):
    done = commands.run("show", run, "--runs", "frist", status=1)
    assert "no run matches frist; the only run is 'first'; did you mean 'first'?" in done.err
    with pytest.raises(KeyError, match="the only run is 'first'; did you mean 'first'"):
        tickertape.read(run)["frist"]
    with pytest.raises(KeyError, match="the tags 'loss', 'accuracy'; did you mean 'loss'"):
        tickertape.read(run).scalars["los"]


def test_one_is_in_the_singular(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        for _ in range(4):
            writer.add_scalar("a", 1.0, 1, walltime=1.0)
        writer.add_text("note", "hello", 0)
    found = commands.run("verify", tmp_path, status=1).out
    assert "duplicate 'a': step 1 is there more than once (3 such places)" in found
    assert found.endswith("6 events in 1 file: 1 problem\n")
    assert "note/text_summary  1 text\n" in commands.run("show", tmp_path, status=0).out


def test_hyperparameters_as_compare_shows_them(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_hparams({"bs": 256, "lr": 0.1}, {"m": 1.0}, run_name="r")
    shown = commands.run("show", tmp_path, status=0).out
    assert "  bs = 256\n" in shown
    assert "  lr = 0.1\n" in shown


def test_best_of_the_curves_of_add_scalars(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        for step, value in enumerate((3.0, 1.0, 2.0)):
            writer.add_scalars("both", {"loss": value, "accuracy": value}, step)
    lines = commands.run("summarize", tmp_path, status=0).out.splitlines()
    best = {line.split()[0]: line.split()[5] for line in lines[1:]}
    assert best == {"both_loss": "1", "both_accuracy": "3"}
