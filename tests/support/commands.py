"""The installed `tickertape` command, in a pipe and in a pseudo-terminal."""

import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

COMMAND = Path(sys.executable).with_name("tickertape")


class Done(NamedTuple):
    """What a command left."""

    status: int
    out: str
    err: str


def environment(**changes):
    """The environment of a command: without what would colour it."""
    plain = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    }
    return plain | {"TERM": "xterm", "PYTHONWARNINGS": ""} | changes


def run(*arguments, status=None, cwd=None, **changes):
    """Runs a command in a pipe; its exit status is checked if one is given."""
    done = subprocess.run(
        [COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=120,
        env=environment(**changes),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    if status is not None:
        assert done.returncode == status, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Done(done.returncode, done.stdout, done.stderr)


class Terminal:
    """A command in a pseudo-terminal.

    Attributes:
        process: the command.
        text: its output so far.
    """

    def __init__(self, *arguments, columns=100, cwd=None, **changes):
        import fcntl  # only POSIX has pseudo-terminals
        import pty
        import termios

        self._master, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.process = subprocess.Popen(
            [COMMAND, *map(str, arguments)],
            stdin=child,
            stdout=child,
            stderr=child,
            env=environment(**changes),
            cwd=cwd,
            start_new_session=True,
        )
        os.close(child)
        self.text = ""

    def read_until(self, *texts):
        """Reads until it has shown all of these texts, or has ended."""
        while not all(text in self.text for text in texts):
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # the other end is closed
                break
            self.text += piece.decode(errors="replace").replace("\r\n", "\n")
        return self.text

    def interrupt(self):
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def wait(self):
        """Reads to the end and returns the exit status."""
        self.read_until("\0 never shown")
        os.close(self._master)
        return self.process.wait(120)


def run_in_terminal(*arguments, columns=100, status=None, cwd=None, **changes):
    """Runs a command in a pseudo-terminal, whose standard output and error are one."""
    terminal = Terminal(*arguments, columns=columns, cwd=cwd, **changes)
    found = terminal.wait()
    assert "Traceback" not in terminal.text, terminal.text
    if status is not None:
        assert found == status, f"exit status {found}\n{terminal.text}"
    return Done(found, terminal.text, "")


def tree(top):
    """Every file below a directory: its relative path to its bytes and its time; to see that nothing has changed."""
    return {
        str(path.relative_to(top)): (path.read_bytes() if path.is_file() else None, path.lstat().st_mtime_ns)
        for path in sorted(Path(top).rglob("*"))
    }


def contents(top):
    """Of every path below a directory what it contains; None of a directory."""
    return {name: content for name, (content, _) in tree(top).items()}
