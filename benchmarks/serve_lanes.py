"""The contestants of bench_serve.py: TensorBoard with one reader or another, as processes that are asked and measured."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

import grpc
from serve_goals import FAST, OURS, PLAIN, VIEW
from tensorboard.context import RequestContext
from tensorboard.data import grpc_provider
from tensorboard.util import grpc_util

if TYPE_CHECKING:
    from collections.abc import Callable

    from serve_data import Directory
    from typing_extensions import Self


SCRIPTS = Path(sys.executable).parent
OUR_SERVER = SCRIPTS / "tickertape-data-server"
_LISTENS = "0A"  # TCP_LISTEN in /proc/net/tcp
_POLL_SECS = 0.005
_PLAIN_POLL_SECS = 0.1  # its loader and its server share an interpreter
_TICKS = os.sysconf("SC_CLK_TCK")


class TimedOutError(Exception):
    """A contestant needed longer than the limit."""


class Lane(NamedTuple):
    """A contestant: its command line for a directory, and what it adds to the environment."""

    name: str
    command: Callable[[Path], list[str]]
    environment: dict[str, str]


def _tensorboard(*more: str) -> Callable[[Path], list[str]]:
    start = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        *more,
        "--logdir",
    ]
    return lambda path: [*start, str(path)]


LANES = {
    OURS: Lane(
        OURS, _tensorboard("--load_fast", "true"), {"TENSORBOARD_DATA_SERVER_BINARY": str(OUR_SERVER)}
    ),
    FAST: Lane(FAST, _tensorboard("--load_fast", "true"), {}),
    PLAIN: Lane(PLAIN, _tensorboard("--load_fast", "false"), {}),
    VIEW: Lane(
        VIEW, lambda path: [str(SCRIPTS / "tickertape"), "view", str(path), "--no-open", "--port", "0"], {}
    ),
}


class Board:
    """A running TensorBoard.

    Attributes:
        answers_secs: from its start until it serves pages.
    """

    def __init__(self, lane: Lane, directory: Directory, limit_secs: float) -> None:
        self.lane, self.directory = lane, directory
        self._log = tempfile.NamedTemporaryFile(mode="w+", prefix="tickertape-")  # noqa: SIM115  # closed in close()
        self.start = time.perf_counter()
        self._limit_secs = limit_secs
        self.renew_limit()
        self._process = subprocess.Popen(
            lane.command(directory.path),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=os.environ | lane.environment,
        )
        self._provider: Any = None
        try:
            url = self.until(lambda: re.search(r"http://[^/\s]+/", Path(self._log.name).read_text()))
            self._http = http.client.HTTPConnection(urlsplit(url[0]).netloc, timeout=600)
            self.until(lambda: self._get("environment"))
        except BaseException:
            self.close()
            raise
        self.answers_secs = self.taken()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def taken(self) -> float:
        return time.perf_counter() - self.start

    def renew_limit(self) -> None:
        """Starts the time after which until() gives up."""
        self._deadline = time.perf_counter() + self._limit_secs

    def until(self, condition: Callable[[], Any], poll_secs: float = _POLL_SECS) -> Any:
        while not (found := condition()):
            if time.perf_counter() > self._deadline:
                raise TimedOutError(self.lane.name)
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.lane.name} ended:\n{Path(self._log.name).read_text()}")
            time.sleep(poll_secs)
        return found

    def _get(self, path: str) -> Any:
        try:
            self._http.request("GET", f"/data/{path}")
            return json.loads(self._http.getresponse().read())
        except (ConnectionError, http.client.HTTPException, json.JSONDecodeError):
            self._http.close()
            return None

    # --- what it shows ---

    def has_tags(self) -> bool:
        """Whether it lists exactly the runs and tags of the directory."""
        found = self._get(f"plugin/{self.directory.plugin}/tags")
        return found is not None and {run: sorted(tags) for run, tags in found.items()} == self.directory.tags

    def load(self) -> None:
        """Waits until every series has its last step."""
        if self.lane.name == PLAIN:
            for run, tags in self.directory.tags.items():
                self.until(lambda run=run, tags=tags: self._shows(run, tags[-1]), _PLAIN_POLL_SECS)
        else:
            self._connect()
            self.until(lambda: self.least_step() >= self.directory.last_step)

    def _shows(self, run: str, tag: str) -> bool:
        plugin = self.directory.plugin
        if plugin == "images":
            found = self._get(f"plugin/images/images?run={quote(run)}&tag={quote(tag)}&sample=0")
            return bool(found) and found[-1]["step"] == self.directory.last_step
        points = self._get(f"plugin/scalars/scalars?run={quote(run)}&tag={quote(tag)}")
        return bool(points) and points[-1][1] == self.directory.last_step

    def least_step(self) -> int:
        """The smallest of all series' last steps; -1 if one is missing."""
        return least_step(self._provider, self.directory)

    def _connect(self) -> None:
        if self._provider is None:
            port = self.until(lambda: next(filter(None, map(_listening_port, self.processes()[1:])), None))
            self._provider = provider(port)

    def chart(self) -> float:
        """Seconds of one chart's request, on a connection of its own: a second request on one waits for a delayed ACK."""
        (run,) = self.directory.tags
        self._http.close()
        start = time.perf_counter()
        points = self._get(f"plugin/scalars/scalars?run={quote(run)}&tag=loss")
        taken = time.perf_counter() - start
        assert points[-1][1] == self.directory.last_step
        return taken

    # --- what it costs ---

    def processes(self) -> list[int]:
        """It and all that it has started."""
        found = [self._process.pid]
        for process in found:
            for task in Path(f"/proc/{process}/task").iterdir():
                with contextlib.suppress(FileNotFoundError):  # a thread that has ended
                    found += map(int, (task / "children").read_text().split())
        return found

    def memory_bytes(self) -> int:
        """The proportional set size of all its processes."""
        return sum(map(pss_bytes, self.processes()))

    def processor_secs(self) -> float:
        """The processor time of all its processes so far."""
        return sum(map(processor_secs, self.processes()))


def least_step(asked: Any, directory: Directory) -> int:
    """The smallest of all series' last steps, as a data provider lists them; -1 if one is missing."""
    arguments = {"experiment_id": "", "plugin_name": directory.plugin}
    listing = asked.list_scalars if directory.plugin == "scalars" else asked.list_blob_sequences
    try:
        runs = listing(RequestContext(), **arguments)
    except grpc.RpcError:  # it does not listen yet
        return -1
    found = {run: {tag: series.max_step for tag, series in tags.items()} for run, tags in runs.items()}
    if {run: sorted(tags) for run, tags in found.items()} != directory.tags:
        return -1
    return min(step for tags in found.values() for step in tags.values())


def provider(port: int) -> Any:
    """TensorBoard's own client of a data server."""
    credentials, options = grpc_util.ChannelCredsType.LOCAL.channel_config()
    address = f"localhost:{port}"
    options.append(("grpc.max_receive_message_length", 1 << 28))
    return grpc_provider.GrpcDataProvider(
        address, grpc_provider.make_stub(grpc.secure_channel(address, credentials, options=options))
    )


def alone(name: str, directory: Directory, limit_secs: float) -> dict[str, float]:
    """A data server without TensorBoard: from its start until it has all."""
    import tensorboard_data_server

    binary = str(OUR_SERVER) if name == OURS else tensorboard_data_server.server_binary()
    with tempfile.TemporaryDirectory(prefix="tickertape-") as folder:
        port_file = Path(folder) / "port"
        words = [f"--logdir={directory.path}", "--reload=5", "--port=0", f"--port-file={port_file}"]
        start = time.perf_counter()
        server = subprocess.Popen(
            [binary, *words, "--die-after-stdin"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

        def until(condition: Callable[[], bool]) -> None:
            while not condition():
                if time.perf_counter() > start + limit_secs:
                    raise TimedOutError(name)
                time.sleep(_POLL_SECS)

        try:
            until(lambda: port_file.exists() and port_file.read_text().endswith("\n"))
            asked = provider(int(port_file.read_text()))
            until(lambda: least_step(asked, directory) >= directory.last_step)
            return {
                "loaded_s": time.perf_counter() - start,
                "processor_s": processor_secs(server.pid),
                "memory_bytes": pss_bytes(server.pid),
            }
        finally:
            server.kill()
            server.communicate()


def pss_bytes(process: int) -> int:
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024


def processor_secs(process: int) -> float:
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS  # utime, stime


def _listening_port(process: int) -> int | None:
    """The TCP port at which a process listens."""
    inodes = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        try:
            found = re.match(r"socket:\[(\d+)\]", str(descriptor.readlink()))
        except OSError:  # closed meanwhile
            continue
        inodes |= {found[1]} if found else set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == _LISTENS and words[9] in inodes:
                return int(words[1].rpartition(":")[2], 16)
    return None
