"""What every subcommand shares: help, exit status, colours, bad paths, completion, and a light start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import commands
from tickertape.cli import main as command
from tickertape.cli import progress, terminal

READING = [name for name, entry in command.COMMANDS.items() if entry.group == "look"]


@pytest.mark.parametrize("name", command.COMMANDS)
def test_help_has_an_example(name, capsys):
    with pytest.raises(SystemExit) as caught:
        command.main([name, "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: tickertape {name}" in shown
    assert f"example:\n  tickertape {name}" in shown or f"$(tickertape {name}" in shown


def test_help_lists_every_command():
    shown = commands.run("--help", status=0).out
    for name, entry in command.COMMANDS.items():
        assert f"    {name}" in shown
        assert entry.help in shown
    assert commands.run("--version", status=0).out.startswith("tickertape ")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "expected a command"),
        (["verfy"], "did you mean verify?"),
        (["zzz"], "lists them"),
        (["verify", "--no-such"], "unrecognized arguments"),
        (["rm-tag", "x", "y"], "one of the arguments -o/--out --in-place is required"),
    ],
)
def test_wrong_use(arguments, text):
    done = commands.run(*arguments, status=2)
    assert text in done.err
    assert not done.out


def test_starting_loads_the_subcommand_alone(run_script):
    """What `tickertape --help` loads beside NumPy: argparse and the table."""
    run_script(
        """
import sys
import numpy
before = set(sys.modules)
from tickertape.cli import main
try:
    main.main(["--help"])
except SystemExit:
    pass
loaded = {name for name in set(sys.modules) - before if not name.startswith("tickertape")}
allowed = {"argparse", "gettext", "locale", "shutil", "bz2", "_bz2", "lzma", "_lzma", "zlib", "_compression", "fnmatch", "pwd", "grp",
           "errno", "textwrap", "__future__"}
assert {name.split(".")[0] for name in loaded} <= allowed | set(sys.builtin_module_names), sorted(loaded)
ours = {name for name in sys.modules if name.startswith("tickertape.cli.")}
assert ours == {"tickertape.cli.main", "tickertape.cli.errors"}, ours
"""
    )


def test_colours_are_for_terminals(log_dir):
    broken = log_dir / "ours" / "events.out.tfevents.1"
    broken.write_bytes(b"")
    plain = commands.run("verify", log_dir, status=1).out
    assert "\x1b" not in plain
    shown = commands.run_in_terminal("verify", log_dir, status=1).out
    assert "\x1b[31m" in shown
    for changes in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in commands.run_in_terminal("verify", log_dir, status=1, **changes).out
    assert "\x1b[31m" in commands.run("verify", log_dir, status=1, FORCE_COLOR="1").out


def test_an_output_without_unicode(log_dir):
    name = b"\xff\xe4".decode(errors="surrogateescape")
    (log_dir / name).mkdir()
    (log_dir / name / "events.out.tfevents.1").write_bytes(b"")
    done = commands.run("verify", log_dir, status=1, PYTHONIOENCODING="ascii")
    assert "\\udcff" in done.out


def test_a_reader_that_goes_away_is_no_error(log_dir):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [commands.COMMAND, "verify", str(log_dir)], stdout=write, stderr=subprocess.PIPE, check=False,
        env=commands.environment(),
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_ctrl_c(tmp_path, monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    (tmp_path / "events.out.tfevents.1").write_bytes(b"")
    monkeypatch.setattr("tickertape.cli.verify.run", interrupted)
    assert command.main(["verify", str(tmp_path)]) == 128 + signal.SIGINT
    assert not capsys.readouterr().err


def test_a_path_that_is_not_there(log_dir, tmp_path):
    before = commands.tree(tmp_path)
    done = commands.run("verify", tmp_path / "lgs" / "ours", status=2)
    assert (
        f"expected a log directory or an event file, got '{tmp_path}/lgs/ours', which does not exist"
        in done.err
    )
    assert f"'{tmp_path}' has 'logs/'" in done.err
    assert f"did you mean '{log_dir}'?" in done.err
    assert f"the nearest event files are in '{log_dir / 'ours'}'" in done.err
    assert commands.tree(tmp_path) == before


def test_a_directory_without_event_files(log_dir):
    empty = log_dir / "empty" / "x"
    empty.mkdir(parents=True)
    done = commands.run("verify", empty, status=1)
    assert "is empty; the nearest event files are in" in done.err
    (empty / "model.pt").write_bytes(b"")
    assert "has 'model.pt'" in commands.run("verify", empty, status=1).err


def test_what_the_shell_left(log_dir, tmp_path):
    assert (
        commands.run("verify", f'"{log_dir}"', status=0).out == commands.run("verify", log_dir, status=0).out
    )
    assert commands.run("verify", "~/logs", status=0, HOME=str(tmp_path)).out
    assert "the URL 's3://bucket/runs'" in commands.run("verify", "s3://bucket/runs", status=2).err


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "is an HTML page"),
        (b"\x1f\x8b\x08\x00", "gunzip"),
        (b"\x28\xb5\x2f\xfd", "unzstd"),
    ],
)
def test_files_of_other_formats(tmp_path, content, text):
    file = tmp_path / "events.out.tfevents.1"
    file.write_bytes(content)
    before = commands.tree(tmp_path)
    assert text in commands.run("verify", file, status=2).err
    assert text in commands.run("verify", tmp_path, status=1).out
    assert text in commands.run("rm-tag", tmp_path, "x", "--in-place", status=2).err
    assert commands.tree(tmp_path) == before


def test_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "events.out.tfevents.1")
    assert "is neither" in commands.run("verify", tmp_path / "events.out.tfevents.1", status=2).err


def test_names_cannot_steer_a_terminal():
    assert terminal.clean("a\x1b[31mb\nc") == "a\\x1b[31mb\\nc"
    assert terminal.clean("größe") == "größe"


def test_tables_fit_the_terminal():
    rows = [["a" * 100, "1"], ["漢字" * 30, "22"]]
    narrow = terminal.table(["tag", "count"], rows, terminal.Screen(40, False, True), right=["count"])
    assert all(terminal.width_of(line) <= 40 for line in narrow.splitlines())
    assert "…" in narrow
    wide = terminal.table(["tag", "count"], rows, terminal.Screen(None, False, True))
    assert rows[0][0] in wide


def test_sparklines():
    screen = terminal.Screen(None, False, True)
    assert screen.sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert screen.sparkline([1, float("nan"), 1], 3) == "▁ ▁"
    assert screen.sparkline([-1.7e308, 1.7e308], 2) == "▁█"
    assert screen.sparkline([], 5) == ""
    assert terminal.Screen(None, False, False).sparkline([0, 1], 2) == "_@"


def test_progress_is_for_what_takes_long(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.Progress("reading") as report:
        report(1, 10)
        assert not capsys.readouterr().err
        now[0] = 2.5
        report(5, 10)
        assert "reading 50 %" in capsys.readouterr().err
    assert capsys.readouterr().err == "\r\x1b[K"


def test_completion_in_bash(log_dir):
    script = commands.run("completion", "bash", status=0).out
    asked = """
COMP_WORDS=({words}); COMP_CWORD={at}; _tickertape; printf '%s\\n' "${{COMPREPLY[@]}}"
"""

    def complete(*words):
        text = script + asked.format(words=" ".join(f"'{word}'" for word in words), at=len(words) - 1)
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert complete("tickertape", "ver") == ["verify"]
    assert set(complete("tickertape", "")) == {*command.COMMANDS, "--help", "--version"}
    assert "--in-place" in complete("tickertape", "rm-tag", "--i")
    assert complete("tickertape", "merge", "--restarts", "n") == ["newest"]
    assert complete("tickertape", "completion", "z") == ["zsh"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_names_every_command_and_option(shell):
    script = commands.run("completion", shell, status=0).out
    for name in command.COMMANDS:
        assert name in script
    assert "in-place" in script
    assert "as-tensorboard" in script


def test_the_docs_name_every_command():
    docs = Path(__file__).parents[3] / "docs" / "command-line.md"
    if not docs.exists():
        pytest.skip("runs without the source tree")
    text = docs.read_text()
    missing = [name for name in command.COMMANDS if f"`{name}" not in text]
    assert not missing
