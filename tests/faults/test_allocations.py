"""The hot path allocates nothing: calls of malloc are counted by the library that makes the Nth of them fail."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import tickertape

SOURCE = Path(__file__).parents[1] / "support" / "fail_nth.c"
CALLS = 20_000

_SCRIPT = """
import ctypes, mmap, struct, sys
from tickertape import SummaryWriter
count_mallocs = ctypes.CDLL(None).fail_nth_arm
writer = SummaryWriter(sys.argv[1])
numbers = {f"metrics/{i}": 0.5 for i in range(20)}
calls = {
    "add_scalar": lambda: writer.add_scalar("loss", 0.5, 7),
    "log": lambda: writer.log(numbers, 7),
    "flush": writer.flush,
}
call = calls[sys.argv[2]]
for _ in range(1000):
    call()
writer.flush()
count_mallocs(1)
for _ in range(int(sys.argv[3])):
    call()
count_mallocs(0)
writer.close()
"""


@pytest.mark.skipif(
    shutil.which("cc") is None or not sys.platform.startswith("linux"), reason="needs cc and glibc"
)
@pytest.mark.parametrize("call", ["add_scalar", "log", "flush"])
def test_plain_calls_allocate_nothing(tmp_path, call):
    library, counts = tmp_path / "fail_nth.so", tmp_path / "counts"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl", "-pthread"], check=True)
    counts.write_bytes(bytes(4096))
    environment = os.environ | {
        "PYTHONPATH": str(Path(tickertape.__file__).parents[1]),
        "LD_PRELOAD": str(library),
        "FAIL_KIND": "malloc",
        "FAIL_COUNTS": str(counts),
    }
    subprocess.run(
        [sys.executable, "-c", _SCRIPT, tmp_path / "logs", call, str(CALLS)], env=environment, check=True
    )
    (allocations,) = struct.unpack_from("<Q", counts.read_bytes())
    assert allocations < CALLS / 50  # the backend's thread allocates now and then: its buffers grow
