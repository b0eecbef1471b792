"""What this machine is like for event files and op rings: processor, file systems, room."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

# What base/cpu.h names, and the flags of /proc/cpuinfo that each needs.
_CPU_FEATURES = {
    "sse42": {"sse4_2"},
    "pclmul": {"pclmulqdq", "sse4_1"},
    "avx2": {"avx2", "bmi1", "bmi2", "fma", "f16c"},
    "avx512": {
        "avx2",
        "bmi1",
        "bmi2",
        "fma",
        "f16c",
        "avx512f",
        "avx512bw",
        "avx512dq",
        "avx512vl",
        "avx512cd",
    },
    "arm_crc32": {"crc32"},
}
_NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "lustre",
    "ceph",
    "glusterfs",
    "9p",
    "beegfs",
    "gpfs",
    "afs",
}


class Place(NamedTuple):
    """A directory's file system.

    Attributes:
        path: the directory, or the nearest one above it that exists.
        kind: the file system's type, such as ext4; "" if that is not known.
        is_network: whether it is on another machine.
        size: in bytes.
        free: bytes that this user may still write.
        is_writable: whether this user may make files there.
    """

    path: str
    kind: str
    is_network: bool
    size: int
    free: int
    is_writable: bool


def cpu_features() -> list[str]:
    """The instruction sets that the core uses here; $TICKERTAPE_DISABLE_CPU is heeded."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return []
    found = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    flags = set(found[1].split()) if found else set()
    disabled = os.environ.get("TICKERTAPE_DISABLE_CPU", "").split(",")
    names = [name for name, needed in _CPU_FEATURES.items() if needed <= flags]
    return [name for name in names if name not in disabled and "all" not in disabled]


def place(path: str) -> Place:
    """The file system on which a directory is, or would be."""
    there = Path(os.path.abspath(path))  # noqa: PTH100  # links are not resolved
    while not there.is_dir():
        there = there.parent
    kind = _file_system(str(there.resolve()))
    usage = shutil.disk_usage(there)
    is_network = kind in _NETWORK or (kind.startswith("fuse.") and kind != "fuse.fuseblk")
    return Place(str(there), kind, is_network, usage.total, usage.free, os.access(there, os.W_OK))


def _file_system(path: str) -> str:
    """The type of the file system that is mounted at or above a path; the last one mounted there counts."""
    best, kind = "", ""
    try:
        lines = Path("/proc/self/mounts").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        _, mounted, this_kind, *_ = line.split(" ")
        at = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), mounted)
        if (path == at or path.startswith(at.rstrip("/") + "/")) and len(at) >= len(best):
            best, kind = at, this_kind
    return kind
