"""Builds the Linux wheels with zig as the compiler, and audits each. What it needs is in requirements.txt.

`make wheels` calls it; WHEELS_ARGS='--python 3.11 --target manylinux_2_28_x86_64' builds one wheel.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cmake
import ninja
import ziglang
from audit import audit
from pack import repack
from targets import TARGETS, Python, Target, pythons

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "wheels"
BACKEND = Path(sys.prefix) / "wheel-backend"  # `make wheels` installs it: one copy for all interpreters
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]


def environment(target: Target, python: Python) -> dict[str, str]:
    """What pip, scikit-build-core and CMake read."""
    suffix = f".cpython-{python.tag[2:]}-{target.suffix}.so"
    return {
        **os.environ,
        "PATH": os.pathsep.join([cmake.CMAKE_BIN_DIR, ninja.BIN_DIR, os.environ["PATH"]]),
        "CMAKE_GENERATOR": "Ninja",
        "CMAKE_TOOLCHAIN_FILE": str(ROOT / ".ci" / "wheels" / "zig.cmake"),
        # pybind11 asks the interpreter for the suffix, which has that of this machine.
        "CMAKE_ARGS": f"-DPYTHON_MODULE_EXTENSION={suffix} -DPYTHON_MODULE_DEBUG_POSTFIX= -DPYTHON_IS_DEBUG=OFF",
        "PYTHONPATH": str(BACKEND),
        "SKBUILD_BUILD_DIR": str(BUILD / target.platform),
        "TICKERTAPE_WERROR": "OFF",  # zig's clang is newer than the one that lint uses
        "TICKERTAPE_ZIG": str(Path(ziglang.__file__).parent / "zig"),
        "TICKERTAPE_ZIG_TARGET": target.zig,
        "_PYTHON_HOST_PLATFORM": f"linux-{target.arch}",
    }


def build(target: Target, python: Python, out: Path) -> Path:
    """Builds one wheel, gives it its platform tag, and packs it tightly. Returns its path in `out`.

    auditwheel finds the tag, and the audit compares it: it refuses to be told one of another processor or C library.
    The build folder is the target's, so the core is compiled once for all interpreters.
    """
    # It names the interpreter before.
    (BUILD / target.platform / "CMakeCache.txt").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as repaired:
        subprocess.run(
            [*PIP, "--python", python.path, "wheel", "--no-build-isolation", "--no-deps", "-w", made, ROOT],
            env=environment(target, python),
            check=True,
        )
        (wheel,) = Path(made).glob("*.whl")
        subprocess.run(
            [sys.executable, "-m", "auditwheel", "repair", "-w", repaired, wheel],
            check=True,
            capture_output=True,
        )
        (wheel,) = Path(repaired).glob("*.whl")
        return repack(wheel, out)


def main() -> None:
    """Builds what the arguments select."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("wheelhouse"), help="where the wheels go")
    parser.add_argument(
        "--python", action="append", help="a version such as 3.11; default: all that are found"
    )
    parser.add_argument("--target", action="append", choices=[target.platform for target in TARGETS])
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    chosen = [p for p in pythons() if not args.python or "{}.{}".format(*p.version) in args.python]
    if not chosen:
        parser.error("--python: no CPython >= 3.10 of that version with its headers was found; install one")
    for target in TARGETS:
        if args.target and target.platform not in args.target:
            continue
        for python in chosen:
            start = time.monotonic()
            wheel = build(target, python, args.out)
            audit(wheel, target, python)
            print(
                f"{wheel.name}: {wheel.stat().st_size:,} bytes, {time.monotonic() - start:.0f} s", flush=True
            )


if __name__ == "__main__":
    main()
