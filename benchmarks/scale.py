"""Many processes with many writers on one machine: what grows with time.

    python benchmarks/scale.py --processes 64 --writers 16 --rate 1000 --secs 300 --json build/scale.json

A day of 1,000 writers at 1 kHz is 86 G events and 4.2 TB, so a day is not run: the slope of the second half of the samples
is, which a day would multiply. Sampled are the memory, the op rings, the open files and the threads of all processes
together. At the end every file is read, and has every step of its writer.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from tickertape import reader
from tickertape.bench.section import machine, versions

_WRITER = Path(__file__).with_name("scale_writer.py")
_DAY = 86_400
_UNITS = {"memory": "MB", "rings": "MB", "files": "", "threads": ""}


def sample(processes: list[subprocess.Popen[bytes]], rings: Path) -> dict[str, float]:
    """Of all processes together."""
    memory = files = threads = 0
    for process in processes:
        proc = Path("/proc") / str(process.pid)
        rollup = (proc / "smaps_rollup").read_text()
        memory += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        files += len(list((proc / "fd").iterdir()))
        threads += len(list((proc / "task").iterdir()))
    blocks = sum(path.stat().st_blocks for path in rings.iterdir() if path.is_file())
    return {"memory": memory * 1024 / 1e6, "rings": blocks * 512 / 1e6, "files": files, "threads": threads}


def slope(times: list[float], values: list[float]) -> tuple[float, float]:
    """The growth a second of the second half, by least squares, and its standard error."""
    half = len(times) // 2
    x, y = np.array(times[half:]), np.array(values[half:])
    (a_second, _), covariance = np.polyfit(x, y, 1, cov=True)
    return float(a_second), float(np.sqrt(covariance[0, 0]))


def check(folders: list[Path], writers: int) -> int:
    """The number of scalars in the files; raises if a writer's are not all there."""
    found = 0
    for folder in folders:
        result = json.loads((folder / "result.json").read_text())
        if result["dropped"]:
            raise RuntimeError(f"{folder}: {result['dropped']} events were dropped")
        for index in range(writers):
            columns = reader.read_scalars(folder / f"writer-{index}")
            steps = np.sort(np.concatenate([column.step for column in columns.values()]))
            if not np.array_equal(steps, np.arange(result["steps"])):
                raise RuntimeError(
                    f"{folder}/writer-{index}: {steps.size} scalars, expected {result['steps']}"
                )
            found += steps.size
    return found


def measure(arguments: argparse.Namespace, top: Path) -> dict[str, Any]:
    """Runs the processes, samples them and reads their files."""
    rings = top / "rings"
    rings.mkdir()
    environment = os.environ | {"TICKERTAPE_RING_DIR": str(rings)}
    folders = [top / f"process-{index}" for index in range(arguments.processes)]
    processes = []
    for folder in folders:
        folder.mkdir()
        words = [str(folder), str(arguments.writers), str(arguments.rate), str(arguments.secs)]
        processes.append(subprocess.Popen([sys.executable, str(_WRITER), *words], env=environment))
    try:
        while not all((folder / "ready").exists() for folder in folders):
            if any(process.poll() is not None for process in processes):
                raise RuntimeError("a process ended before it was ready")
            time.sleep(0.2)
        (top / "go").touch()
        begin, times, samples = time.monotonic(), [], []
        while (now := time.monotonic() - begin) < arguments.secs - 1:
            times.append(now)
            samples.append(sample(processes, rings))
            time.sleep(arguments.secs / 60)
        for process in processes:
            process.wait()
    finally:
        for process in processes:
            process.kill()
            process.wait()
    results = [json.loads((folder / "result.json").read_text()) for folder in folders]
    return {
        "scalars": check(folders, arguments.writers),
        "late_ticks": sum(result["late_ticks"] for result in results),
        "waited_secs": sum(result["wait_ns"] for result in results) / 1e9,
        "bytes": sum(path.stat().st_size for path in top.glob("process-*/*/*tfevents*")),
        "left_rings": len(list(rings.iterdir())),
        "times": times,
        "samples": {name: [each[name] for each in samples] for name in _UNITS},
    }


def main() -> None:
    """Prints a table; --json keeps the samples too."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--processes", type=int, default=64)
    parser.add_argument("--writers", type=int, default=16, help="of each process")
    parser.add_argument("--rate", type=float, default=1000, help="scalars a second of each writer")
    parser.add_argument("--secs", type=float, default=300)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    about = machine()
    with tempfile.TemporaryDirectory(prefix="tickertape-scale-") as folder:
        found = measure(arguments, Path(folder))
    print(about, "·", versions(), "·", machine().rsplit(", ", 1)[1], "at the end")
    asked = arguments.processes * arguments.writers * arguments.rate * arguments.secs
    print(
        f"{arguments.processes} processes of {arguments.writers} writers at {arguments.rate:g} a second, {arguments.secs:g} s: "
        f"{found['scalars']:,} scalars ({found['scalars'] / asked:.0%} of what was asked), {found['bytes'] / 1e9:.2f} GB, all read back; "
        f"{found['waited_secs']:.2f} s waited for room; {found['left_rings']} rings left\n"
    )
    print(
        "| of all processes | at the start | most | at the end | growth in a day, from the slope |\n|---|---|---|---|---|"
    )
    for name, unit in _UNITS.items():
        values = found["samples"][name]
        a_second, error = slope(found["times"], values)
        cells = [f"{value:,.0f} {unit}".strip() for value in (values[0], max(values), values[-1])]
        print(f"| {name} | {' | '.join(cells)} | {a_second * _DAY:+,.0f} ± {2 * error * _DAY:,.0f} {unit} |")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"about": about, **vars(arguments), **found}) + "\n")


if __name__ == "__main__":
    main()
