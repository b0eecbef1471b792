"""Processes in mount and PID namespaces of their own."""

import os
import shutil
import subprocess

import pytest


def run_unshared(prepare, command, flags=("-m",), **options):
    """Runs `command` after the shell command `prepare`, in namespaces that `flags` of unshare(1) name."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare")
    script = f'{prepare} && exec "$@"'
    return subprocess.run(
        ["unshare", *flags, "sh", "-c", script, "sh", *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
