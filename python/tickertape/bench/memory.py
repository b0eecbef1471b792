"""Resident memory of a process at its peak, from Linux's /proc (proc(5))."""

from __future__ import annotations

from pathlib import Path


def reset_peak() -> bool:
    """Resets this process's peak of memory; False if the system cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return False
    return True


def peak_bytes(process: int | str = "self") -> int:
    """VmHWM in bytes; 0 if the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii")
    except OSError:
        return 0
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def megabytes(size: float) -> str:
    """Millions of bytes, as the goals have them."""
    return f"{size / 1e6:,.0f} MB"
