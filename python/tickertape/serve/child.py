"""Our data server as a child of this process: started, asked for its port, ended with this process whatever ends it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

# Python with `-c` or `-m` looks for modules in the working directory first, where a user may have a grpc.py.
_PROGRAM = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
from tickertape.serve.data_server import main
sys.exit(main())
"""
_START_SECS = 120  # on a machine that is busy; Python and grpc are imported
_POLL_SECS = 0.01
_END_SECS = 5


class DataServer:
    """The data server of a log directory. It ends when its standard input does, so also if this process is killed."""

    def __init__(self, log_dir: str, *, merges_ranks: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tickertape-")
        self._port_file = Path(self._folder.name) / "port"
        self._error_file = Path(self._folder.name) / "error"
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [
                *(sys.executable, "-c", _PROGRAM),
                *(f"--logdir={log_dir}", "--reload=1", "--port=0", f"--port-file={self._port_file}"),
                *("--die-after-stdin", f"--error-file={self._error_file}"),
                *(["--merge-ranks"] if merges_ranks else []),
            ],
            stdin=subprocess.PIPE,
            # Not in the terminal's process group: Ctrl-C is for this process, which then ends the server.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def address(self) -> str:
        """Where it listens; waits until it does.

        Raises:
            ChildProcessError: it has ended, or does not start.
        """
        deadline = time.monotonic() + _START_SECS
        while time.monotonic() < deadline:
            text = self._port_file.read_text("utf-8") if self._port_file.exists() else ""
            if text.endswith("\n"):
                self._folder.cleanup()
                return f"localhost:{int(text)}"
            if self.status() is not None:
                why = self._error_file.read_text("utf-8").strip() if self._error_file.exists() else ""
                raise ChildProcessError(f"the data server did not start: {why or f'status {self.status()}'}")
            time.sleep(_POLL_SECS)
        raise ChildProcessError(f"the data server did not start within {_START_SECS} s")

    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    def wait(self) -> None:
        """Waits for its end."""
        self._process.wait()

    def close(self) -> None:
        """Ends it."""
        if self._port_file.parent.exists():  # it is still starting: nobody asks it, and it would not look yet
            self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_END_SECS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()  # last: it may write its port until its end
