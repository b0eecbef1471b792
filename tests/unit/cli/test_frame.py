"""What every subcommand shares: help, exit status, colours, bad paths, completion, and a light start."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import commands, oracle
from tickertape.cli import main as command
from tickertape.cli import progress, terminal
from tickertape.writer import SummaryWriter

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
           "errno", "textwrap", "importlib", "__future__"}
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


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["summarize", "--help"], ["doctor"], ["plot", "LOGS"]], ids=str
)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_every_output_in_encodings_without_all_characters(arguments, encoding, log_dir):
    words = [str(log_dir) if word == "LOGS" else word for word in arguments]
    shown = commands.run(*words, status=0, PYTHONIOENCODING=encoding).out
    assert not re.search(r"\\u[0-9a-f]{4}", shown)
    assert "..." in commands.run("ls", log_dir, status=0, PYTHONIOENCODING=encoding).out


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["ls", "--help"], ["doctor"]], ids=str)
def test_an_output_that_cannot_be_written(arguments, unbuffered):
    def shell(redirection):
        done = subprocess.run(
            ["sh", "-c", f'"$0" "$@" {redirection}', commands.COMMAND, *arguments],
            stderr=subprocess.PIPE, check=False, text=True, env=commands.environment() | {"PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
        return done

    assert shell("> /dev/full").returncode in (0, 1)  # argparse swallows it in some versions of Python
    assert shell(">&-").returncode == 0
    assert shell("2>&- > /dev/null").returncode == 0


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


@pytest.mark.parametrize("wrapped", [False, True])
def test_ctrl_c_while_modules_are_loaded(wrapped, monkeypatch, capsys):
    def interrupted(_):
        if wrapped:
            raise ImportError("initialization failed") from KeyboardInterrupt()
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "import_module", interrupted)
    for name in command.COMMANDS:
        assert command.main([name]) == 128 + signal.SIGINT
    assert not capsys.readouterr().err


STEERING = "e\x1b[31mv\x9bil"


def steering_dir(log_dir):
    """A log directory with a damaged file, whose names and tags would steer a terminal."""
    top = log_dir / STEERING
    with SummaryWriter(top / "run") as writer:
        for step in range(3):
            writer.add_scalar(STEERING, step, step)
        writer.add_text(STEERING, STEERING, 0)
        writer.add_hparams({STEERING: STEERING}, {STEERING: 1.0}, run_name=STEERING)
    file = oracle.only_file(top / "run")
    file.write_bytes(file.read_bytes() + bytes(range(1, 200)))
    (top / f"{STEERING}.txt").touch()
    return top


@pytest.mark.parametrize(
    "arguments",
    [
        ["ls", "TOP"], ["ls", "--flat", "TOP"], ["ls", "--short", "TOP"], ["ls", "--json", "TOP"],
        ["show", "TOP"], ["show", "TOP", STEERING], ["show", "TOP", f"{STEERING}/text_summary"], ["show", "TOP", "no\x1b"],
        ["tail", "TOP"], ["tail", "--json", "TOP"], ["plot", "TOP"], ["summarize", "TOP"], ["compare", "TOP"],
        ["verify", "TOP"], ["verify", "--json", "TOP"],
        ["export", "TOP", "TOP/../out", "--format", "csv"], ["repair", "TOP", "-o", "TOP/../out", "--closed"],
        ["rm-tag", "TOP", STEERING, "-o", "TOP/../out", "--closed"], ["rm-tag", "TOP", STEERING, "--in-place", "--closed"],
        ["rm-tag", "TOP", "no\x1b", "-o", "TOP/../out", "--closed"],
        ["rename-tag", "TOP", STEERING, "b\x1b", "-o", "TOP/../out", "--closed"],
        ["rename-run", "TOP", "run", STEERING, "-o", "TOP/../out", "--closed"],
        ["rename-run", "TOP", "no\x1b", "x", "-o", "TOP/../out", "--closed"],
        ["average", "TOP", "TOP/../out", "--over", "r*"], ["average", "TOP", "TOP/../out", "--over", "\x1b*"],
        ["merge", "TOP/run", f"TOP/run/{STEERING}", "-o", "TOP/../out", "--closed"],
        ["ls", "TOP/no\x1b"], ["ls", f"TOP/{STEERING}.txt"], ["doctor", "TOP"],
        ["no\x1b"], ["ls", "--no\x1b"], ["ls", "--kinds", "no\x1b"], ["completion", "no\x1b"], ["run", "TOP/no\x1b"],
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:text_string")
def test_no_name_steers_a_terminal(arguments, log_dir):
    top = steering_dir(log_dir)
    done = commands.run(*(word.replace("TOP", str(top)) for word in arguments))
    assert done.status in (0, 1, 2)
    assert done.out or done.err
    for text in (done.out, done.err):
        assert not set(text) & {"\x1b", "\x9b", "\udc9b"}, text


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


def test_the_nearest_event_files_are_beside_a_large_directory(log_dir, tmp_path):
    for number in range(2100):
        (log_dir / "empty" / f"{number:04}").mkdir(parents=True)
    (tmp_path / "0" / "far").mkdir(parents=True)
    (tmp_path / "0" / "events.out.tfevents.1").touch()
    for path in (log_dir / "nothing", log_dir / "empty" / "0000"):
        done = commands.run("ls", path)
        assert f"the nearest event files are in '{log_dir / 'ours'}'" in done.err


def test_what_the_shell_left(log_dir, tmp_path):
    assert (
        commands.run("verify", f'"{log_dir}"', status=0).out == commands.run("verify", log_dir, status=0).out
    )
    assert commands.run("verify", "~/logs", status=0, HOME=str(tmp_path)).out
    assert "'nostore://bucket/runs'" in commands.run("verify", "nostore://bucket/runs", status=2).err


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
    long_names = terminal.table(
        ["tag", "run/" * 9, "other/" * 9], [["a", "-0.00573937", "1"]], terminal.Screen(30, False, True),
        right=["run/" * 9, "other/" * 9],
    )  # fmt: skip
    assert all(terminal.width_of(line) <= 30 for line in long_names.splitlines())
    assert "  -0.00573937  " in long_names  # a shortened number would be another one
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
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.Progress("reading") as report:
        report(1, 10)
    assert not capsys.readouterr().err  # two seconds had not passed
    monkeypatch.setattr(progress, "_QUIET_SECS", 0.0)
    shown = ""
    with progress.Progress("reading") as report:
        report(5, 10)
        while "reading 50 % of 10 B, " not in shown:
            shown += capsys.readouterr().err
    assert (shown + capsys.readouterr().err).endswith("\r\x1b[K")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    with progress.Progress("reading"):
        pass
    assert not capsys.readouterr().err


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
