"""What wheels are built for: the targets, and the interpreters of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """A processor and a C library.

    Attributes:
        platform: The platform tag of the wheel.
        zig: The name of the target for zig. The number at its end is the oldest glibc.
        suffix: How the names of extension modules end.
    """

    platform: str
    zig: str
    suffix: str

    @property
    def arch(self) -> str:
        """The processor, as in the platform tag."""
        return self.zig.partition("-")[0]

    @property
    def is_musl(self) -> bool:
        """Whether the C library is musl instead of glibc."""
        return "musl" in self.zig


# glibc 2.28 is the oldest that has statx(). zig has musl 1.2.
TARGETS = [
    Target("manylinux_2_28_x86_64", "x86_64-linux-gnu.2.28", "x86_64-linux-gnu"),
    Target("manylinux_2_28_aarch64", "aarch64-linux-gnu.2.28", "aarch64-linux-gnu"),
    Target("musllinux_1_2_x86_64", "x86_64-linux-musl", "x86_64-linux-musl"),
    Target("musllinux_1_2_aarch64", "aarch64-linux-musl", "aarch64-linux-musl"),
]

_DESCRIBE = """
import json, sys, sysconfig
print(json.dumps([sys.implementation.name, sys.version_info[:2], bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
                  sysconfig.get_path("include")]))
"""


@dataclass(frozen=True)
class Python:
    """An interpreter whose headers are installed. Those of the same version serve for every target."""

    path: Path
    version: tuple[int, int]

    @property
    def tag(self) -> str:
        """The Python tag and the ABI tag of its wheels, for instance cp311."""
        return "cp{}{}".format(*self.version)


def _described(path: Path) -> Python | None:
    """The interpreter at `path` if wheels are built for it."""
    answer = subprocess.run([path, "-c", _DESCRIBE], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        return None
    name, version, is_free_threaded, include = json.loads(answer.stdout)
    if name != "cpython" or is_free_threaded or tuple(version) < (3, 10):
        return None
    return Python(path, tuple(version)) if (Path(include) / "Python.h").exists() else None


def pythons() -> list[Python]:
    """One CPython of each version >= 3.10 with headers, from PATH and from pyenv; free-threaded builds excepted."""
    names = [f"python3.{minor}" for minor in range(10, 30)]
    paths = [Path(found) for name in names if (found := shutil.which(name))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    paths += sorted(pyenv.glob("versions/3.*/bin/python3"))
    found: dict[tuple[int, int], Python] = {}
    for path in paths:
        python = _described(path)
        if python is not None:
            found.setdefault(python.version, python)
    return [found[version] for version in sorted(found)]
