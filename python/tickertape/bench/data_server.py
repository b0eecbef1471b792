"""TensorBoard's fast data server as a reader: started on a directory, asked until it has all, then for every value."""

from __future__ import annotations

import importlib
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tickertape.bench import memory

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "fast data server"
_TIMEOUT_SECONDS = 120.0
_POLL_SECONDS = 0.001
_GRPC_BYTES = 1 << 28
_ALL = "--samples-per-plugin=scalars=all"


def is_here() -> bool:
    """Whether the server and TensorBoard's own client of it are installed."""
    try:
        return Path(importlib.import_module("tensorboard_data_server").server_binary()).exists()
    except (ImportError, TypeError):  # the package without a binary answers None
        return False


def read(log_dir: Path, last_step: int) -> tuple[int, int, dict[str, tuple[Any, Any]]]:
    """As read_runs(), for a directory of one run: tag to columns."""
    taken, peak, runs = read_runs(log_dir, 1, last_step)
    (tags,) = runs.values()
    return taken, peak, tags


def read_runs(
    log_dir: Path, runs: int, last_step: int
) -> tuple[int, int, dict[str, dict[str, tuple[Any, Any]]]]:
    """Has the server load the runs in `log_dir`, unsampled, and gets their scalars; the server is ended.

    Returns:
        (nanoseconds from its start until it had loaded all, bytes of its memory at its peak until then, run to tag to columns
        (step, value)). The time to send them to Python does not count.

    Raises:
        TimeoutError: the server did not get to `last_step` of each run.
    """
    binary = importlib.import_module("tensorboard_data_server").server_binary()
    with tempfile.TemporaryDirectory(prefix="tickertape-") as folder:
        port_file = Path(folder) / "port"
        start = time.perf_counter_ns()
        server = subprocess.Popen(  # noqa: S603  # TensorBoard's own program, on loopback
            [binary, f"--logdir={log_dir}", "--reload=once", _ALL, "--port=0", f"--port-file={port_file}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(lambda: port_file.exists() and port_file.read_text().endswith("\n"))
            return _load(server.pid, int(port_file.read_text()), runs, last_step, start)
        finally:
            server.kill()
            server.wait()


def _load(
    process: int, port: int, wanted: int, last_step: int, start: int
) -> tuple[int, int, dict[str, dict[str, tuple[Any, Any]]]]:
    grpc: Any = importlib.import_module("grpc")
    grpc_util: Any = importlib.import_module("tensorboard.util.grpc_util")
    grpc_provider: Any = importlib.import_module("tensorboard.data.grpc_provider")
    context: Any = importlib.import_module("tensorboard.context")
    address = f"localhost:{port}"
    credentials, options = grpc_util.ChannelCredsType.LOCAL.channel_config()
    options.append(("grpc.max_receive_message_length", _GRPC_BYTES))
    with grpc.secure_channel(address, credentials, options=options) as channel:
        provider = grpc_provider.GrpcDataProvider(address, grpc_provider.make_stub(channel))
        asked = {"experiment_id": "", "plugin_name": "scalars"}
        empty = context.RequestContext()

        def has_all() -> bool:
            runs = provider.list_scalars(empty, **asked)
            complete = [any(tag.max_step >= last_step for tag in tags.values()) for tags in runs.values()]
            return len(complete) == wanted and all(complete)

        _wait_for(has_all)
        taken = time.perf_counter_ns() - start
        peak = memory.peak_bytes(process)
        runs = provider.read_scalars(empty, **asked, downsample=last_step + 1)
    return (
        taken,
        peak,
        {run: {tag: _columns(data) for tag, data in tags.items()} for run, tags in runs.items()},
    )


def _columns(data: Any) -> tuple[Any, Any]:
    return np.array([datum.step for datum in data]), np.array([datum.value for datum in data])


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{NAME}: not ready after {_TIMEOUT_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
