"""Makes the golden rings of the installed version: op rings of killed processes, with their event files.

Usage: python tests/golden/make_rings.py   (writes tests/golden/rings/<layout>/*.zip; needs Linux)

Run it once for each new layout of the ring (kRingVersion in csrc/queue/ring_layout.h, kOpLayoutVersion in
csrc/event/op.h) and keep the rings of earlier layouts. tests/conformance/test_golden_rings.py recovers them.

A ring is sparse, so an archive has only the parts that were written: `ring/<offset>`, besides `logs/<event file>`.
"""

import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
from tickertape import _core

RINGS = Path(__file__).with_name("rings")
PART_BYTES = 4096
TORN_BYTES = 30  # of the first record that the file has no room for


def log_every_kind(file, step):
    """One op of every kind (csrc/event/op.h), and of every style of a scalar."""
    when = (step, 10.0 + step)
    ramp = 1 + np.arange(6, dtype=np.float32) / 4
    file.add_scalar("scalar", 1.5, *when)
    file.add_scalar("float tensor", 2.5, *when, True)
    file.add_scalar("double tensor", 0.1, *when, True, True)
    file.add_scalar("described", 3.5, *when, False, False, "a name", "a text")
    file.log({"first": 4.5, "größe": 5.5}, *when)
    file.add_histogram("histogram", ramp, "float32", None, None, *when)
    file.add_histogram("5 bins", ramp, "float32", 5, None, *when)
    file.add_histogram("edges", ramp, "float32", np.array([1.0, 1.5, 3.0]), None, *when)
    file.add_histogram("merged", ramp, "float32", 4, 2, *when)
    words = np.zeros(1556, np.int64)  # _core.pyi says what they are: here two values of 0.0
    words[7 + 774] = 2
    file.add_histogram_counts("counts", words, None, *when)
    limits, counts = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 1.0])
    file.add_histogram_raw("raw", 0.0, 3.0, 4.0, 6.0, 14.0, limits, counts, *when)
    labels, scores = np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.6, 0.9])
    file.add_pr_curve("packed curve", labels, scores, 5, None, *when)
    file.add_pr_curve("weighted curve", labels, scores, 5, np.array([1.0, 2.0, 3.0]), *when)
    pixels = np.arange(18, dtype=np.uint8).reshape(3, 2, 3)
    file.add_image("image", pixels, "uint8", "CHW", *when)
    file.add_image("grid", np.array([[[[0.0, 1.0]]], [[[1.0, 0.0]]]], np.float32), "float32", "NCHW", *when)
    file.add_encoded_image("encoded", b"any bytes", 3, 4, 1, *when)
    file.add_video("video", pixels.reshape(1, 2, 3, 1, 3)[:, :, :, [0, 0]], "uint8", 4.0, *when)
    file.add_audio("audio", np.array([[0.0], [0.5], [-1.0]], np.float32), "float32", 8000, *when)
    tensor = np.arange(4, dtype=np.int64).reshape(2, 2)
    file.add_tensor("tensor", tensor, "int64", [2, 2], "plugin", b"content", *when, "a name", "a text", 2)
    file.add_tensor("strings", [b"one", b"", b"three"], "string", [3], "text", b"", *when)
    file.add_tensor("complex", np.array([1 + 2j]), "complex128", None, "", b"", *when)
    # event.proto: wall_time 1, step 2, graph_def 4
    file.add_event(b"\x09" + struct.pack("<d", when[1]) + b"\x10" + bytes([step]) + b"\x22\x05graph")


def limit(size):
    """Lets no file of this process grow beyond `size` bytes, so the ops that follow stay in the ring."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def every_kind(logs):
    """Step 0 is in the file, with the start of the first record of step 1; the ring has steps 1 and 2."""
    file = _core.EventFileWriter(logs)
    log_every_kind(file, 0)
    file.flush()
    limit(Path(file.path).stat().st_size + TORN_BYTES)
    log_every_kind(file, 1)
    file.flush()
    log_every_kind(file, 2)


def states(logs):
    """Three writers: one with a value that never came from its device, one whose file was deleted, one that is closed."""
    deferred, moved = (_core.EventFileWriter(logs, suffix) for suffix in (".deferred", ".moved"))
    closed = _core.EventFileWriter(logs, ".closed")
    closed.add_scalar("closed", 1.0, 1, 11.0)
    closed.close()
    moved.add_scalar("moved", 0.0, 0, 10.0)
    moved.flush()
    Path(moved.path).unlink()
    moved.add_scalar("moved", 1.0, 1, 11.0)
    moved.flush()
    for name in ("came", "never came", "moved", "deferred"):
        (moved if name == "moved" else deferred).add_scalar(name, 1.0, 1, 11.0)
    deferred.flush()
    moved.flush()
    limit(0)
    memory = np.array([2.5])
    here, never = (_core.DeviceCopy(memory, "manual", 0, stream) for stream in (1, 2))
    deferred.add_scalar("never came", never.scalar(memory.ctypes.data, "float64"), 2, 12.0)
    deferred.add_scalar("came", here.scalar(memory.ctypes.data, "float64"), 2, 12.0)
    deferred.add_scalar("deferred", 2.0, 2, 12.0)
    moved.add_scalar("moved", 2.0, 2, 12.0)
    here.complete()
    deferred.flush()


def without_host(content):
    """The names of event files have the host's name; it becomes another of the same length."""
    host = socket.gethostname().encode()
    return content.replace(b"." + host + b".", b"." + b"golden".ljust(len(host), b"-")[: len(host)] + b".")


def save(ring, logs, path):
    content = without_host(ring.read_bytes())
    parts = {f"ring/{at}": content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)}
    parts = {name: part for name, part in parts.items() if any(part)}
    for file in sorted(logs.iterdir()):
        parts[without_host(f"logs/{file.name}".encode()).decode()] = file.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)


def make(kind):
    with tempfile.TemporaryDirectory(prefix="tickertape-golden-", dir="/dev/shm") as root:
        logs, rings = Path(root, "logs"), Path(root, "rings")
        rings.mkdir(mode=0o700)
        environment = os.environ | {"TICKERTAPE_RING_DIR": str(rings), "TICKERTAPE_QUEUE_BYTES": "4194304"}
        done = subprocess.run([sys.executable, __file__, kind, str(logs)], env=environment, check=False)
        assert done.returncode == -signal.SIGKILL
        (ring,) = rings.iterdir()
        version, op_version = struct.unpack_from("<II", ring.read_bytes(), 8)
        path = RINGS / f"{version}.{op_version}" / f"{kind}.zip"
        path.parent.mkdir(exist_ok=True)
        save(ring, logs, path)
        print(path, path.stat().st_size)


KINDS = {"every_kind": every_kind, "states": states}
if len(sys.argv) > 1:
    warnings.simplefilter("ignore")  # that the disk is full, and that a file was deleted
    KINDS[sys.argv[1]](sys.argv[2])
    os.kill(os.getpid(), signal.SIGKILL)
for name in KINDS:
    make(name)
