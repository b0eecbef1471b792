"""`tickertape view`: the installed command, the TensorBoard that it serves, and that nothing of it is left behind."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from support import commands, tensorboards
from tickertape.cli import main as cli
from tickertape.serve import reach
from tickertape.writer import SummaryWriter

URL = re.compile(r"http://\S+")
END_SECS = 60
# The Python of an environment with TensorBoard 2.14; `make test-old-tensorboard` makes it.
OLD_PYTHON = os.environ.get("TICKERTAPE_OLD_TENSORBOARD")
COMMANDS = {"installed": commands.COMMAND} | (
    {"oldest": Path(OLD_PYTHON).with_name("tickertape")} if OLD_PYTHON else {}
)


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory):
    top = tmp_path_factory.mktemp("view") / "runs"
    for run in ("first", "second/below"):
        with SummaryWriter(str(top / run)) as writer:
            for step in range(50):
                writer.add_scalar("loss", 1 / (step + 1), step)
    return top


class View:
    """A running `tickertape view`.

    Attributes:
        process: the command.
        text: what it printed before it was ready.
        url: where TensorBoard is.
        children: the processes that it has started.
    """

    def __init__(self, *arguments, lines=1, command=commands.COMMAND, **changes):
        here = dict.fromkeys(("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "DISPLAY", "WAYLAND_DISPLAY"), "")
        self.process = subprocess.Popen(
            [command, "view", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=commands.environment(**(here | changes)),
            start_new_session=True,
        )
        self.text = "".join(self.process.stdout.readline() for _ in range(lines))
        if not URL.search(self.text):
            raise AssertionError(self.text + self.process.communicate(timeout=END_SECS)[1])
        self.url = URL.search(self.text)[0]
        self.children = children_of(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate(timeout=END_SECS)
        assert until(lambda: not any(map(is_alive, self.children)))

    def json(self, path):
        with urllib.request.urlopen(f"{self.url}data/{path}", timeout=60) as answer:
            return json.loads(answer.read())

    def end(self, signal_number):
        """Its exit status and messages after a signal, once all its children have ended too."""
        os.killpg(self.process.pid, signal_number)  # Ctrl-C goes to the terminal's whole group
        _, errors = self.process.communicate(timeout=END_SECS)
        assert until(lambda: not any(map(is_alive, self.children)))
        return self.process.returncode, errors


def children_of(process):
    return [
        int(child)
        for task in Path(f"/proc/{process}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition):
    deadline = time.monotonic() + END_SECS
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


@pytest.mark.parametrize("way", [[], ["--plain"]], ids=["ours", "plain"])
@pytest.mark.parametrize("tensorboard", COMMANDS)
def test_tensorboard_shows_the_runs(log_dir, way, tensorboard):
    expected = tensorboards.plain(log_dir, "loss")
    with View(log_dir, "--port", 0, "--no-open", *way, command=COMMANDS[tensorboard]) as view:
        assert str(log_dir) in view.text
        assert len(view.children) == (0 if way else 1)
        tags = until(lambda: len(found := view.json("plugin/scalars/tags")) == len(expected) and found)
        assert {run: list(tags[run]) for run in tags} == {run: ["loss"] for run in expected}
        for run, points in expected.items():
            path = f"plugin/scalars/scalars?run={run}&tag=loss"
            wanted = [list(point) for point in points]
            assert until(lambda path=path, wanted=wanted: [point[1:] for point in view.json(path)] == wanted)
        assert view.end(signal.SIGTERM) == (143, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left(log_dir, number):
    with View(log_dir, "--port", 0, "--no-open") as view:
        (server,) = view.children
        # A group of its own: only the command hears the signal.
        assert os.getpgid(server) != os.getpgid(view.process.pid)
        status, errors = view.end(number)
        assert status == {signal.SIGINT: 130, signal.SIGTERM: 143}.get(number, -number)
        assert errors == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_while_it_starts(log_dir, number):
    """At its first child, which the interpreter of the data server is then."""
    process = subprocess.Popen(
        [commands.COMMAND, "view", log_dir, "--port", "0", "--no-open"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=commands.environment(),
        start_new_session=True,
    )
    children = until(lambda: children_of(process.pid))
    os.killpg(process.pid, number)
    assert process.communicate(timeout=END_SECS) == ("", "")
    assert process.returncode == 128 + number
    assert until(lambda: not any(map(is_alive, children)))


def test_it_ends_with_the_data_server(log_dir):
    with View(log_dir, "--port", 0, "--no-open") as view:
        os.kill(view.children[0], signal.SIGKILL)
        _, errors = view.process.communicate(timeout=END_SECS)
        assert view.process.returncode == 1
        assert errors == (
            "tickertape view: the data server ended with status -9; `--plain` uses TensorBoard's own reader\n"
        )


def test_in_a_terminal(log_dir):
    shown = commands.Terminal("view", log_dir, "--port", "0", "--no-open")
    try:
        assert "Ctrl-C ends it" in shown.read_until("Ctrl-C ends it")
        shown.interrupt()
        assert shown.wait() == 130
        assert "Traceback" not in shown.text
    finally:
        shown.process.kill()
        shown.process.wait(60)


def test_ports(log_dir):
    with View(log_dir, "--no-open") as one, View(log_dir, "--no-open") as other:
        assert one.url != other.url
        port = re.search(r":(\d+)/", one.url)[1]
        done = commands.run("view", log_dir, "--no-open", "--port", port, status=1)
        assert f"port {port}, it was already in use; without --port a free one is found" in done.err
    for port in ("65536", "-1"):
        assert (
            "--port: expected a port from 0 to 65535"
            in commands.run("view", log_dir, "--port", port, status=2).err
        )


def test_arguments_of_tensorboard(log_dir):
    with View(
        log_dir, "--port", 0, "--no-open", "--", "--path_prefix=/deep", "--window_title", "mine"
    ) as view:
        assert view.url.endswith("/deep/")
        assert view.json("environment")["window_title"] == "mine"
    assert "unrecognized arguments: --bogus" in commands.run("view", log_dir, "--", "--bogus", status=2).err
    refused = commands.run("view", log_dir, "--", "--bind_all", "--host=::1", status=2).err
    assert "tickertape view: Must not specify both --host and --bind_all" in refused


@pytest.fixture
def browser(tmp_path):
    """A program that notes what it is told to open: (environment, where it notes)."""
    opened = tmp_path / "opened"
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >>{shlex.quote(str(opened))}\n")
    program.chmod(0o755)
    return {"BROWSER": str(program)}, opened


def test_the_browser_opens(log_dir, browser):
    changes, opened = browser
    with View(log_dir, "--port", 0, **changes) as view:
        assert until(lambda: opened.exists() and opened.read_text() == f"{view.url}\n")


@pytest.mark.parametrize("reason", ["--no-open", "ssh"])
def test_the_browser_stays_closed(log_dir, browser, reason):
    changes, opened = browser
    arguments, lines = ["--no-open"], 1
    if reason == "ssh":
        arguments, lines = [], 4
        changes |= {"SSH_CONNECTION": "198.51.100.7 50123 203.0.113.9 2222", "LOGNAME": "ada"}
    with View(log_dir, "--port", 0, *arguments, lines=lines, **changes) as view:
        view.json("environment")
        port = re.search(r":(\d+)/", view.url)[1]
        assert view.end(signal.SIGTERM)[0] == 143
        assert not opened.exists()
        command = f"  ssh -N -L {port}:localhost:{port} -p 2222 ada@203.0.113.9\n"
        assert (command in view.text) == (reason == "ssh")
        assert view.text.endswith(f"and open http://localhost:{port}/\n") == (reason == "ssh")


@pytest.mark.parametrize(
    ("connection", "url", "expected"),
    [
        ("10.0.0.1 5 10.0.0.2 22", "http://localhost:6006/", "ssh -N -L 6006:localhost:6006 ada@10.0.0.2"),
        ("::1 5 2001:db8::5 22", "http://localhost:6007/", "ssh -N -L 6007:localhost:6007 ada@2001:db8::5"),
        ("10.0.0.1 5 10.0.0.2 22", "http://0.0.0.0:6006/", "ssh -N -L 6006:localhost:6006 ada@10.0.0.2"),
        ("10.0.0.1 5 10.0.0.2 22", "http://10.0.0.3:80/", "ssh -N -L 80:10.0.0.3:80 ada@10.0.0.2"),
        (
            "10.0.0.1 5 10.0.0.2 22",
            "http://[2001:db8::7]:80/",
            "ssh -N -L '80:[2001:db8::7]:80' ada@10.0.0.2",
        ),
        ("nonsense", "http://localhost:6006/", "ssh -N -L 6006:localhost:6006 ada@here"),
        ("", "http://localhost:6006/", ""),
    ],
)
def test_the_tunnel(monkeypatch, connection, url, expected):
    for name in ("SSH_CLIENT", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_CONNECTION", connection)
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setattr("platform.node", lambda: "here")
    assert reach.tunnel(url) == expected


def test_wrong_paths(log_dir, tmp_path):
    (file,) = (log_dir / "first").iterdir()
    (tmp_path / "nothing").mkdir()
    (tmp_path / "notes.txt").write_text("größer\n")
    near = f"the nearest event files are in '{log_dir / 'first'}'"
    for path, status, *words in (
        (log_dir.parent / "rums", 2, "which does not exist", f"did you mean '{log_dir}'?", near),
        ("", 2, "expected a log directory or an event file, got ''"),
        (tmp_path / "nothing", 1, "is empty"),
        (tmp_path, 1, "expected a directory with event files", "'notes.txt', 'nothing/'"),
        (file, 2, f"expected a log directory, got the file '{file}'; give its directory, '{file.parent}'"),
        (tmp_path / "notes.txt", 2, "is a text that begins 'größer'"),
    ):
        done = commands.run("view", path, status=status)
        assert done.out == ""
        assert done.err.startswith("tickertape view: path: ")
        assert [word for word in words if word not in done.err] == []


def test_quotes_that_the_shell_left(log_dir):
    with View(f"'{log_dir}'", "--port", 0, "--no-open") as view:
        assert str(log_dir) in view.text


def test_without_tensorboard(log_dir, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert cli.main(["view", str(log_dir)]) == 1
    assert "pip install 'tickertape[" in capsys.readouterr().err


def test_a_module_in_the_working_directory_is_not_imported(log_dir, tmp_path):
    (tmp_path / "grpc.py").write_text("raise SystemExit('the wrong grpc')\n")
    shown = commands.Terminal("view", log_dir, "--port", "0", "--no-open", cwd=tmp_path)
    try:
        assert "Ctrl-C ends it" in shown.read_until("Ctrl-C ends it")
        shown.interrupt()
        assert shown.wait() == 130
    finally:
        shown.process.kill()
        shown.process.wait(60)
