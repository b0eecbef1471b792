"""What an hour of training costs at an object store: requests and bytes, counted at an S3 server on this machine.

    python benchmarks/remote_costs.py                # an hour of each writer in two minutes
    python benchmarks/remote_costs.py --check 120    # two minutes in real time, and the same two minutes scaled
    python benchmarks/remote_costs.py --idle         # readers that look at a bucket in which nothing happens

The hour: 10 scalars a second and an image a minute. It is scaled: everything in it that takes time (the pauses of the
loop, and the time limits of each writer) takes 1/30 of it. A proxy between the writer and the server counts.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.stores import Store, emulator
from tickertape.bench.section import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

HOUR_SECS = 3600
SCALARS_A_SEC = 10
IMAGE_EVERY_SECS = 60
_KINDS = ("put", "get", "head", "list", "delete", "other")


def picture(number: int) -> NDArray[np.uint8]:
    """An image that is neither flat nor noise: (3, 256, 256)."""
    y, x = np.mgrid[0:256, 0:256]
    waves = [127 + 80 * np.sin((x * (k + 1) + y * 2) / 40 + number) for k in range(3)]
    noise = np.random.default_rng(number).integers(-20, 20, (3, 256, 256))
    return (np.stack(waves) + noise).clip(0, 255).astype(np.uint8)


def train(writer: Any, secs: float, scale: float) -> float:
    """`secs` of training in secs / scale. Returns the time that it took, times scale: more than `secs` if it came late."""
    start = time.perf_counter()
    for number in range(int(secs * SCALARS_A_SEC)):
        writer.add_scalar("train/loss", 1 / (number + 1), number)
        if number % (IMAGE_EVERY_SECS * SCALARS_A_SEC) == 0:
            writer.add_image("samples", picture(number), number)
        behind = start + (number + 1) / SCALARS_A_SEC / scale - time.perf_counter()
        if behind > 0:
            time.sleep(behind)
    took = time.perf_counter() - start
    writer.close()
    return took * scale


# --- The writers


def ours(url: str, scale: float) -> Any:
    from tickertape import SummaryWriter
    from tickertape.remote import session, uploader

    session._LOOK_SECS = 1 / scale
    return SummaryWriter(url, flush_secs=120 / scale, upload_secs=uploader.UPLOAD_SECS / scale)


def torch(url: str, scale: float) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(url, flush_secs=120 / scale)


def tensorboardx(url: str, scale: float) -> Any:
    from tensorboardX import SummaryWriter

    return SummaryWriter(url, flush_secs=120 / scale)


WRITERS = {"tickertape": ours, "torch": torch, "tensorboardX": tensorboardx}


def run_writer(name: str, url: str, secs: float, scale: float) -> None:
    """In a process of its own, which finds the store by its environment."""
    took = train(WRITERS[name](url, scale), secs, scale)
    if took > 1.05 * secs:
        print(f"{name}: {secs:.0f} s took {took:.0f} s", file=sys.stderr)


def child(*arguments: object, store: Store, spool: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", __file__, *map(str, arguments)],
        env=os.environ
        | store.environment
        | {
            "S3_ENDPOINT": store.proxy.url,
            "TICKERTAPE_SPOOL": f"{spool}/spool",
            "TICKERTAPE_CACHE": f"{spool}/cache",
            "TICKERTAPE_RING_DIR": spool,
        },
    )


def cost_of(name: str, store: Store, secs: float, scale: float) -> list[str]:
    """A row of the table: the writer trains, and the proxy counts."""
    with tempfile.TemporaryDirectory() as spool:
        if child("--writer", name, f"{store.url}/runs/exp", secs, scale, store=store, spool=spool).wait():
            return [name, "failed"]
    return row(name, store)


def row(name: str, store: Store) -> list[str]:
    """Requests by kind, bytes, and what is in the bucket in the end."""
    table = store.proxy.table()
    requests = [str(table.get(kind, (0,))[0]) for kind in _KINDS]
    up, down = (sum(one[k] for one in table.values()) for k in (1, 2))
    kept = store.objects().values()
    return [name, *requests, _mib(up), _mib(down), _mib(sum(map(len, kept))), f"{len(kept)}"]


def _mib(size: int) -> str:
    return f"{size / 2**20:.2f}"


# --- A mounted bucket


def on_a_mount(name: str, secs: float, scale: float) -> list[str]:
    """Counts what a mount would upload, without one: the whole file, each time that a writer closes it.

    A mount such as gcsfuse or s3fs-fuse stages a file locally, and uploads it when it is closed or synced. An audit hook sees
    each opening of the event file; the closing before it uploads what is in the file by then.
    """
    sizes: list[int] = []
    with tempfile.TemporaryDirectory() as directory:
        os.environ["TICKERTAPE_RING_DIR"] = directory

        def opened(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "open" and "tfevents" in str(arguments[0]) and set(str(arguments[1])) & set("wa"):
                with contextlib.suppress(FileNotFoundError):
                    sizes.append(Path(os.fsdecode(arguments[0])).stat().st_size)

        sys.addaudithook(opened)
        train(WRITERS[name](directory, scale), secs, scale)
        files = [path for path in Path(directory).iterdir() if "tfevents" in path.name]
        kept = sum(path.stat().st_size for path in files)
    # The first opening comes before any closing; the last closing has no opening behind it.
    puts = len(sizes[1:]) + 1 if sizes else 1
    return [
        f"{name} on a mount (simulated)",
        *(str(puts), "0", "0", "0", "0", "0"),
        *(_mib(sum(sizes[1:]) + kept), "0.00", _mib(kept), str(len(files))),
    ]


# --- Readers that wait


def idle(store: Store, secs: float) -> Iterator[list[str]]:
    """What readers ask of a bucket of 10 finished runs in an hour, from `secs` after the first load."""
    with tempfile.TemporaryDirectory() as spool:
        for number in range(10):
            assert (
                child(
                    "--writer", "tickertape", f"{store.url}/runs/{number}", 60, 600, store=store, spool=spool
                ).wait()
                == 0
            )
        for name, command in _readers(f"{store.url}/runs").items():
            yield _watched(name, command, store, spool, secs)


def _readers(url: str) -> dict[str, list[str]]:
    bin_ = Path(sys.executable).parent
    return {
        "tickertape view": [str(bin_ / "tickertape"), "view", url, "--port", "0", "--no-open"],
        "TensorBoard": [str(bin_ / "tensorboard"), "--logdir", url, "--port", "0", "--load_fast=false"],
    }


def _watched(name: str, command: list[str], store: Store, spool: str, secs: float) -> list[str]:
    store.proxy.forget()
    environment = (
        os.environ
        | store.environment
        | {"S3_ENDPOINT": store.proxy.url, "TICKERTAPE_CACHE": f"{spool}/cache", "TICKERTAPE_RING_DIR": spool}
    )
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # The first load is over when nothing has been asked for a while.
        before, quiet = -1, 0
        while quiet < 3 and process.poll() is None:
            time.sleep(1)
            now = store.proxy.count("get")
            quiet = quiet + 1 if now == before and store.proxy.count() else 0
            before = now
        loading = store.proxy.table()
        store.proxy.forget()
        time.sleep(secs)
        assert process.poll() is None, f"{name} has ended"
        table = store.proxy.table()
    finally:
        process.terminate()
        process.wait()
    per_hour = [str(round(table.get(kind, (0,))[0] * HOUR_SECS / secs)) for kind in _KINDS]
    return [
        name,
        *per_hour,
        *(_mib(sum(one[k] for one in table.values()) * HOUR_SECS // int(secs)) for k in (1, 2)),
        f"first load: {loading}",
    ]


# --- The report


def _print(title: str, head: list[str], rows: list[list[str]]) -> None:
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for cells in rows:
        print(f"| {' | '.join(cells)} |", flush=True)


@contextlib.contextmanager
def _stores() -> Iterator[Callable[[], Store]]:
    """Makes stores on one S3 server."""
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as directory:
        running = stack.enter_context(emulator("s3", Path(directory)))

        def make() -> Store:
            store = Store(running)
            stack.callback(store.proxy.close)
            return store

        yield make


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=30.0, help="an hour takes 3600 s / SCALE")
    parser.add_argument("--secs", type=float, default=HOUR_SECS, help="of training, before it is scaled")
    parser.add_argument("--check", type=float, metavar="SECS", help="SECS in real time and scaled")
    parser.add_argument("--idle", type=float, metavar="SECS", help="watch waiting readers for SECS")
    parser.add_argument("--only", choices=WRITERS, action="append")
    parser.add_argument("--writer", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--mount", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.writer:
        name, url, secs, scale = options.writer
        run_writer(name, url, float(secs), float(scale))
        return
    if options.mount:
        name, secs, scale = options.mount
        print("\t".join(on_a_mount(name, float(secs), float(scale))))
        return
    names = options.only or list(WRITERS)
    packages = ("torch", "tensorboard", "tensorboardX", "boto3", "s3fs", "moto")
    print(machine(), ", ".join(f"{name} {version(name)}" for name in packages))
    head = ["", *(kind.upper() for kind in _KINDS), "MiB up", "MiB down", "MiB kept", "objects"]
    with _stores() as make:
        if options.idle:
            _print(
                f"An hour of waiting, from {options.idle:g} s", head[:-2], list(idle(make(), options.idle))
            )
            return
        if options.check:
            for scale in (1.0, options.scale):
                rows = [cost_of(name, make(), options.check, scale) for name in names]
                _print(f"{options.check:g} s, scaled by {scale:g}", head, rows)
            return
        rows = [cost_of(name, make(), options.secs, options.scale) for name in names]
        for name in names:
            command = [
                sys.executable,
                "-W",
                "ignore",
                __file__,
                "--mount",
                name,
                str(options.secs),
                str(options.scale),
            ]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            rows.append(done.stdout.strip().split("\t"))
        _print(f"{options.secs:g} s of training, scaled by {options.scale:g}", head, rows)


if __name__ == "__main__":
    main()
