"""Compiles helpers of the benchmark with the system's C compiler: the floor for add_scalar, other deflate libraries.

Without a compiler or a header the measurement is left out, and the report says why.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

_SOURCES = Path(__file__).parent


class CannotBuildError(RuntimeError):
    """Why something could not be compiled here, in words for the report."""


def compile_shared(source: str, out: Path, *flags: str) -> Path:
    """Compiles bench/`source` into the shared object `out`.

    Raises:
        CannotBuildError: there is no compiler, or it failed.
    """
    command = _compiler()
    if not command:
        raise CannotBuildError("no C compiler")
    path = str(_SOURCES / source)
    try:
        done = subprocess.run(  # noqa: S603  # the user's own compiler on our own source
            [*command, "-O2", "-shared", "-fPIC", path, "-o", str(out), *flags],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise CannotBuildError(f"the compiler {command[0]!r} cannot be run") from error
    if done.returncode != 0:
        header = re.search(r"fatal error: '?([\w./-]+)'?[: ].*(?:No such file|not found)", done.stderr)
        raise CannotBuildError(
            f"{header[1]} is not installed" if header else f"{command[0]} cannot compile it"
        )
    return out


def _compiler() -> list[str]:
    """$CC, or another compiler that is installed; [] if there is none."""
    return (
        shlex.split(os.environ.get("CC", ""))
        or [found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))][:1]
    )


def compiler_version() -> str:
    """The first line of the compiler's --version; "" without a compiler."""
    try:
        done = subprocess.run([*_compiler(), "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    except (OSError, IndexError):
        return ""
    return (done.stdout.splitlines() or [""])[0]


def build_floor(folder: Path) -> Path:
    """The extension module of floor.c; see load_floor().

    Raises:
        CannotBuildError: there is no compiler or no Python.h.
    """
    include = sysconfig.get_paths()["include"]
    if not (Path(include) / "Python.h").exists():
        raise CannotBuildError("no Python.h")
    undefined = ("-undefined", "dynamic_lookup") if sys.platform == "darwin" else ()
    return compile_shared("floor.c", folder / "_tickertape_floor.so", f"-I{include}", *undefined)


def load_floor(path: Path) -> Any:
    """An object whose add_scalar(tag, value, step) and flush() do only what no writer can avoid."""
    spec = importlib.util.spec_from_file_location("_tickertape_floor", path)
    assert spec is not None  # noqa: S101  # for the type checker: the path ends in .so
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Floor()
