"""Many machines that log to one bucket: upload lag, requests and memory for some numbers of writers.

    python benchmarks/cluster.py --writers 8,16,32,64 --secs 120 --json build/cluster.json

Each writer is a process with a spool, op rings and (with unshare(1), as root) a host name of its own. The bucket is moto's S3
server behind a counting proxy, both on this machine, so lag includes their time and that of all writers on these cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tickertape

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support import stores  # the emulator of the tests

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITER = Path(__file__).with_name("cluster_writer.py")
_HOURLY = 3600


class Uploads(threading.Thread):
    """Notes when the proxy has answered each request."""

    def __init__(self, proxy: Any) -> None:
        super().__init__(daemon=True)
        self._proxy = proxy
        self._ended = threading.Event()
        self.answered: list[tuple[float, Any]] = []

    def run(self) -> None:
        """Looks 20 times a second, until end()."""
        while not self._ended.wait(0.05):
            self._look()
        self._look()

    def _look(self) -> None:
        now = time.time()
        self.answered += [(now, request) for request in self._proxy.requests[len(self.answered) :]]

    def end(self) -> None:
        """Ends the thread."""
        self._ended.set()
        self.join()


def _command(number: int, arguments: list[str]) -> list[str]:
    """A writer, with a host name of its own if this user may set one."""
    command = [sys.executable, str(_WRITER), *arguments]
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid() != 0:
        return command
    return [unshare, "--uts", "sh", "-c", f'hostname node{number:05d}; exec "$@"', "sh", *command]


def _environment(store: Any, top: Path, number: int, writers: int) -> dict[str, str]:
    folders = {"TICKERTAPE_SPOOL": top / "spool", "TICKERTAPE_RING_DIR": top / "rings"}
    for folder in folders.values():
        (folder / str(number)).mkdir(mode=0o700, parents=True)
    own = {name: str(folder / str(number)) for name, folder in folders.items()}
    return os.environ | store.environment | own | {"RANK": str(number), "WORLD_SIZE": str(writers)}


def measure(store: Any, writers: int, rate: float, secs: float, top: Path) -> dict[str, Any]:
    """One run of so many writers."""
    folder = top / "results"
    folder.mkdir(parents=True)
    uploads = Uploads(store.proxy)
    uploads.start()
    arguments = [f"{store.url}/job", str(rate), str(secs), str(folder)]
    processes = [
        subprocess.Popen(_command(number, arguments), env=_environment(store, top, number, writers))
        for number in range(writers)
    ]
    try:
        while len(list(folder.glob("ready-*"))) < writers:
            _check(processes)
            time.sleep(0.2)
        begin = time.time()
        (folder / "go").touch()
        load = []
        while any(process.poll() is None for process in processes):
            load.append(os.getloadavg()[0])
            time.sleep(1)
            _check(processes)
    finally:
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait()
    uploads.end()
    each = [json.loads((folder / f"{number}.json").read_text()) for number in range(writers)]
    return _report(store, uploads, each, begin, secs) | {
        "writers": writers,
        "rate": rate,
        "secs": secs,
        "load": float(np.median(load)),
    }


def _check(processes: list[subprocess.Popen[bytes]]) -> None:
    failed = [process.returncode for process in processes if process.poll()]
    if failed:
        raise SystemExit(f"{len(failed)} writers failed, the first with status {failed[0]}")


def _report(
    store: Any, uploads: Uploads, each: list[dict[str, Any]], begin: float, secs: float
) -> dict[str, Any]:
    objects = store.objects()
    lags = np.concatenate(list(_lags(store.bucket, objects, uploads)))
    logged = sum(one["scalars"] for one in each)
    if len(lags) != logged:
        raise SystemExit(f"{logged} scalars were logged, and {len(lags)} are in the bucket")
    # Opening and closing have requests of their own: a longer run has no more of them.
    steady = [request for when, request in uploads.answered if begin <= when < begin + secs]
    kinds = Counter(request.kind for request in steady)
    sent = sum(request.bytes_up for _, request in uploads.answered if request.kind == "put")

    def spread(values: Any) -> dict[str, float]:
        return {"median": float(np.median(values)), "most": float(np.max(values))}

    return {
        "lag_secs": {
            "median": float(np.median(lags)),
            "p99": float(np.quantile(lags, 0.99)),
            "most": float(lags.max()),
        },
        "requests_an_hour_a_writer": {kind: n / secs * _HOURLY / len(each) for kind, n in kinds.items()},
        "requests_in_all": dict(Counter(request.kind for _, request in uploads.answered)),
        "refused": sum(not 200 <= request.status < 400 for _, request in uploads.answered),
        "bytes_in_bucket": sum(map(len, objects.values())),
        "bytes_sent": sent,
        "scalars": logged,
        "mib": spread([one["kib"]["resident"] / 1024 for one in each]),
        "own_mib": spread([one["kib"]["own"] / 1024 for one in each]),
        "own_mib_before": spread([one["kib_before_the_writer"]["own"] / 1024 for one in each]),
        "cpu_ms_a_sec": spread([one["cpu_secs"] / secs * 1e3 for one in each]),
        "longest_call_ms": spread([one["longest_call_ms"] for one in each]),
        "close_secs": spread([one["close_secs"] for one in each]),
    }


def _lags(bucket: str, objects: dict[str, bytes], uploads: Uploads) -> Iterator[np.ndarray]:
    """Of each object: from each of its events to the answer to the object's last upload."""
    answered = {request.key: when for when, request in uploads.answered if request.kind == "put"}
    with tempfile.TemporaryDirectory() as folder:
        for key, content in objects.items():
            path = Path(folder) / "slice.tfevents"
            path.write_bytes(content)
            for scalars in tickertape.read_scalars(path).values():
                yield answered[f"{bucket}/{key}"] - scalars.wall_time


def main() -> None:
    """Measures each number of writers, and prints what it found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--writers", default="64", help="numbers of processes, such as 8,16,32,64")
    parser.add_argument("--secs", type=float, default=600.0, help="how long each logs")
    parser.add_argument("--rate", type=float, default=10.0, help="scalars a second of each")
    parser.add_argument("--json", help="where the figures go")
    options = parser.parse_args()
    found = []
    for writers in map(int, options.writers.split(",")):
        with tempfile.TemporaryDirectory(prefix="tickertape-cluster-") as name:
            top = Path(name)
            (top / "store").mkdir()
            with stores.emulator("s3", top / "store") as running:
                found.append(measure(stores.Store(running), writers, options.rate, options.secs, top))
        sys.stdout.write(json.dumps(found[-1], indent=2) + "\n")
        sys.stdout.flush()
        if options.json:
            Path(options.json).write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
