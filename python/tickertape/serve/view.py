"""TensorBoard in this process, on a data server of ours in another one. Neither outlives the other."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import signal
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from tickertape.serve import reach
from tickertape.serve.child import DataServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_TERMINATED = 128 + signal.SIGTERM  # what shells report for a process that SIGTERM ended


def run(
    log_dir: str,
    *,
    port: int | None = None,
    opens_browser: bool = True,
    is_plain: bool = False,
    merges_ranks: bool = False,
    arguments: Sequence[str] = (),
) -> None:
    """Shows a log directory until the process is interrupted.

    Args:
        log_dir: a directory with event files.
        port: where TensorBoard listens; None is its default or the next free one, 0 any free one.
        opens_browser: whether to open the browser, if there is one that can show the page.
        is_plain: whether TensorBoard uses its own reader.
        merges_ranks: whether a run of several ranks is shown as their mean, least and greatest; not with `is_plain`.
        arguments: further arguments of TensorBoard.

    Raises:
        ImportError: TensorBoard is not installed.
        ValueError: TensorBoard refuses an argument.
        OSError: a port is in use, or the data server did not start or has ended.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise ImportError("TensorBoard is not installed; run pip install 'tickertape[serve]'")
    warnings.simplefilter("ignore")  # TensorBoard's and its plugins', which are nothing to the user
    signal.signal(signal.SIGTERM, _terminated)
    flags = ["--logdir", log_dir, *([] if port is None else ["--port", str(port)])]
    if is_plain:
        _show([*flags, "--load_fast", "false", *arguments], log_dir, None, opens_browser)
        return
    with contextlib.ExitStack() as stack:
        with _held(signal.SIGINT, signal.SIGTERM):
            server = stack.enter_context(DataServer(log_dir, merges_ranks=merges_ranks))
        importlib.import_module("tensorboard.program")  # takes as long as the server's start
        provider = ["--grpc_data_provider", server.address()]
        _show([*flags, *provider, *arguments], log_dir, server, opens_browser)


@contextlib.contextmanager
def _held(*numbers: signal.Signals) -> Iterator[None]:
    """Delivers these signals at the end of a `with` block. Not by a mask, which a child would inherit."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda one, _: came.append(one)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for one in came:
            signal.raise_signal(one)


def _show(flags: list[str], log_dir: str, server: DataServer | None, opens_browser: bool) -> None:
    """Starts TensorBoard, says where it is, and waits for the end of either part."""
    url, board = _launch(flags)
    lines = [f"TensorBoard shows {log_dir!r} at {url} (Ctrl-C ends it)"]
    tunnel = reach.tunnel(url)
    if tunnel:
        lines.append(f"this machine is remote; for a browser on yours run there:\n  {tunnel}")
        lines.append(f"and open http://localhost:{urlsplit(url).port}{urlsplit(url).path}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    if opens_browser and not tunnel:
        reach.open_browser(url)
    ended = threading.Event()

    def watch(wait: Callable[[], None]) -> None:
        wait()
        ended.set()

    for wait in [board.join, *([] if server is None else [server.wait])]:
        threading.Thread(target=watch, args=(wait,), daemon=True).start()
    ended.wait()
    if server is not None and server.status() is not None:
        raise ChildProcessError(
            f"the data server ended with status {server.status()}; `--plain` uses TensorBoard's own reader"
        )
    raise ChildProcessError("TensorBoard has ended")


def _launch(flags: list[str]) -> tuple[str, threading.Thread]:
    """TensorBoard's URL and the thread that serves it.

    Raises:
        ValueError: it refuses the flags.
        OSError: the port is in use, or may not be used.
    """
    program: Any = importlib.import_module("tensorboard.program")
    board = program.TensorBoard()
    board.configure(argv=["", *flags])
    before = set(threading.enumerate())
    try:
        url = board.launch()
    except program.TensorBoardServerException as error:
        raise OSError(f"{error.msg}; without --port a free one is found") from None
    serving = (thread for thread in threading.enumerate() if thread not in before)
    return url, next(thread for thread in serving if thread.name == "TensorBoard")


def _terminated(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(_TERMINATED)
