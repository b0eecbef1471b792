"""Runs the GPU tests and the device benchmark on a machine with a GPU, its own Python and torch, and no network.

python .ci/gpu_check.py --wheel FILE     installs this wheel, and what is missing from its folder (`make gpu-kit` fills one)
python .ci/gpu_check.py                  checks what this Python has installed

Run it with the Python that has torch. Takes 6 minutes at most: each step has its own limit. Writes gpu-check.json and
gpu-check.log into --out. Exits with 1 if a step fails or nothing ran on a GPU; the JSON says which.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import sysconfig
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "pytest",
    "pytest-timeout",
    "hypothesis",
    "crc32c",
    "pillow",
    "tensorboard",
    "tensorboardX",
)
DEVICE = """
import torch
name = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
print(torch.__version__, name, sep="\\n")
"""


class Check:
    """The steps, in order. After one that the others need has failed, they are not run."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.steps: list[dict[str, Any]] = []
        self.may_go_on = True
        self._log = (out / "gpu-check.log").open("w", encoding="utf-8", errors="replace")

    def step(self, name: str, command: list[Any], limit: int, *, is_needed: bool = False) -> str:
        """Runs `command` for up to `limit` seconds and returns what it printed."""
        record: dict[str, Any] = {"name": name, "limit_seconds": limit, "result": "not run", "seconds": 0.0}
        self.steps.append(record)
        if not self.may_go_on:
            return ""
        begin = time.monotonic()
        printed = ""
        try:
            done = subprocess.run(
                [str(part) for part in command],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=limit,
                cwd=ROOT,
                env={**os.environ, "TICKERTAPE_RING_DIR": str(self.out / "rings")},
                text=True,
                errors="replace",
                check=False,
            )
            printed = done.stdout
            record["result"] = "passed" if done.returncode == 0 else f"failed with {done.returncode}"
        except subprocess.TimeoutExpired as late:
            printed = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else ""
            record["result"] = "took too long"
        record["seconds"] = round(time.monotonic() - begin, 1)
        self.may_go_on = record["result"] == "passed" or not is_needed
        self._log.write(f"== {name}: {record['result']} in {record['seconds']} s\n{printed}\n")
        self._log.flush()
        return printed

    def install(self, wheel: Path) -> Path:
        """An environment on top of this Python's packages; returns its Python."""
        environment = self.out / "venv"
        python = environment / "bin" / "python"
        command = [sys.executable, "-m", "venv", "--clear", "--system-site-packages", environment]
        self.step("environment", command, 30, is_needed=True)
        if (
            self.may_go_on
        ):  # if this Python is that of an environment itself, its packages are not the system's
            (site,) = environment.glob("lib/python*/site-packages")
            (site / "below.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
        install = [python, "-m", "pip", "install", "--no-index", "--find-links", wheel.parent]
        # This Python may have another Tickertape, which pip would take for good enough.
        self.step("wheel", [*install, "--force-reinstall", "--no-deps", wheel], 20, is_needed=True)
        self.step("packages", [*install, *PACKAGES], 40, is_needed=True)
        return python


def test_counts(report: Path) -> dict[str, int]:
    """Numbers of tests by their result, from pytest's XML."""
    if not report.exists():
        return {}
    suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314  # written by the step before
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        for name in counts:
            counts[name] += int(suite.get(name, 0))
    return counts


def main() -> int:
    """Runs all steps and writes the results; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wheel", type=Path, help="the wheel to install and check")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build" / "gpu-check", help="folder of the results"
    )
    options = parser.parse_args()
    out = options.out.resolve()
    (out / "rings").mkdir(mode=0o700, parents=True, exist_ok=True)
    check = Check(out)
    python = check.install(options.wheel.resolve()) if options.wheel else Path(sys.executable)
    torch, _, device = (
        check.step("device", [python, "-c", DEVICE], 30, is_needed=True).strip().partition("\n")
    )
    report = out / "tests.xml"
    report.unlink(missing_ok=True)
    tests = [
        python,
        "-m",
        "pytest",
        "-m",
        "gpu",
        "tests/unit/devices",
        f"--junitxml={report}",
        "-p",
        "no:cacheprovider",
    ]
    check.step("tests", tests, 150)
    benchmark = check.step("benchmark", [python, "benchmarks/bench_device.py"], 90)
    counts = test_counts(report)
    has_run = counts.get("tests", 0) > counts.get("skipped", 0)
    result = {
        "device": device or None,
        "torch": torch,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "steps": check.steps,
        "tests": counts,
        "benchmark": benchmark.splitlines(),
    }
    text = json.dumps(result, indent=2) + "\n"
    (out / "gpu-check.json").write_text(text, encoding="utf-8")
    print(text + f"{out / 'gpu-check.log'}")
    return 0 if has_run and all(step["result"] == "passed" for step in check.steps) else 1


if __name__ == "__main__":
    sys.exit(main())
