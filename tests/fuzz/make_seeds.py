"""Makes the first inputs of the fuzz targets, mostly from files of a real writer. `make fuzz` adds more.

Usage: python tests/fuzz/make_seeds.py [CORPUS]   (needs tickertape; writes CORPUS/<target>/seed-<name>)
"""

import os
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support import scanner

LOG = """
import os, resource, signal, sys
from pathlib import Path
import numpy as np
from tickertape import SummaryWriter
writer = SummaryWriter(sys.argv[1])
values = np.arange(24, dtype=np.float32) / 7
for step in range(2):
    if step == 1 and sys.argv[2] == "die":
        # The file cannot grow any more, so the ops that follow stay in the ring.
        writer.flush()
        size = next(Path(sys.argv[1]).iterdir()).stat().st_size
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    writer.add_scalar("loss", 0.5 + step, step, walltime=1.0)
    writer.add_scalar("new", step, step, new_style=True, double_precision=step == 1, walltime=2.0)
    writer.add_histogram("weights", values, step, walltime=3.0)
    writer.add_histogram("few", values, step, bins=3 + step, max_bins=2, walltime=3.0)
    writer.add_histogram_raw("raw", 0, 3, 4, 6, 14, [1, 2, 3], [1, 2, 1], step, walltime=3.0)
    writer.add_pr_curve("curve", values > 1, values / 4, step, num_thresholds=5, walltime=4.0)
    writer.add_image("image", values.reshape(1, 4, 6), step, walltime=5.0)
    writer.add_images("grid", values.reshape(2, 3, 2, 2), step, walltime=5.0)
    writer.add_text("text", "words", step, walltime=6.0)
    writer.add_tensor("tensor", values.astype(np.float64).reshape(4, 6), step, walltime=7.0)
    writer.add_audio("audio", values / 4, step, sample_rate=8000, walltime=8.0)
    writer.add_video("video", values.reshape(1, 2, 3, 2, 2), step, walltime=9.0)
    writer.add_pr_curve("fractions", values / 8, values / 4, step, num_thresholds=5, walltime=4.0)
if sys.argv[2] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
writer.close()
"""

# ring_layout.h: the header's fields, from the start of the file.
SLOTS, NAMES, RING, HEAD, TAIL, NAMES_USED = 16, 24, 32, 256, 320, 384
MOST_BYTES = 4096  # of an input; longer ones make a fuzzer slow


def word(ring, offset):
    return struct.unpack_from("<Q", ring, offset)[0]


def log(directory, how):
    """Runs LOG in a separate process, with its rings in directory/rings."""
    rings = directory / "rings"
    rings.mkdir(mode=0o700)
    environment = os.environ | {"TICKERTAPE_RING_DIR": str(rings), "TICKERTAPE_QUEUE_BYTES": "4194304"}
    logs = directory / "logs"
    done = subprocess.run([sys.executable, "-c", LOG, str(logs), how], env=environment, check=False)
    assert done.returncode == (-signal.SIGKILL if how == "die" else 0), done.returncode
    return next(logs.iterdir(), None), next(rings.iterdir(), None)


def ops_of(ring):
    """(name id, bytes) of each queued op of a ring."""
    at, head = word(ring, TAIL), word(ring, HEAD)
    while at < head:
        start = word(ring, RING) + at
        kind, name = ring[start + 1], struct.unpack_from("<I", ring, start + 4)[0]
        size = 32 if kind == 1 else (32 + word(ring, start + 8) + 31) // 32 * 32
        yield name, ring[start : start + size]
        at += size


def described_names(ring):
    """The name log, in the format of recovery_fuzz's description."""
    at = word(ring, NAMES)
    end = at + word(ring, NAMES_USED)
    described = []
    while at < end:
        kind, owner, size = struct.unpack_from("<IIQ", ring, at)
        text = ring[at + 16 : at + 16 + size]
        described.append(struct.pack("<BB", kind, owner))
        if kind == 2:
            described[-1] += bytes([size]) + text
        at += 16 + (size + 7) // 8 * 8
    return bytes([len(described)]) + b"".join(described)


def recovery_seeds(ring):
    names = described_names(ring)
    ops = list(ops_of(ring))
    assert len(ops) >= 12, len(ops)

    def seed(content, there=0, strange=b"", limit=4000, patches=(), tail=0):
        there_words = struct.pack("<4H", there, 0, 0, 0)
        head = there_words + bytes([len(strange)]) + strange + struct.pack("<HB", limit, 1)
        patched = b"".join(struct.pack("<HBQ", *patch) for patch in patches)
        rest = struct.pack("<HB4B", tail, 0, 0, 0, 0, 0)
        return head + names + bytes([len(patches)]) + patched + rest + content

    for number, (name, content) in enumerate(ops):
        yield f"op-{number}-{name}", seed(content)
    everything = b"".join(content for _, content in ops)
    yield "all", seed(everything[: MOST_BYTES // 32 * 32])
    some = b"".join(content for _, content in ops[:5])
    yield "torn", seed(some, there=100)
    yield "cut-short", seed(some, limit=150)
    yield "strange", seed(some, there=80, strange=b"stranger", limit=300)
    yield "wrapped", seed(some, tail=5)
    for offset in (0, 8, 16, 24, 32, 48, 68, 72, 136, HEAD, TAIL, NAMES_USED, 512, 544):
        yield f"patch-{offset}", seed(some, patches=[(offset, 0, 0xFF), (offset + 4, 1, 0x80000000)])


def record_seeds(events):
    def record(data, kind=1, extra=b""):
        return bytes([kind]) + struct.pack("<H", len(data)) + data + extra

    small = [event for event in events if len(event) <= 200][:4]
    good = b"".join(record(event) for event in small)
    cuts = struct.pack("<HH", 1, 3)
    yield "records", cuts + good
    yield "cut-off", cuts + good + record(small[0], 3, struct.pack("<H", 20)) + good
    yield "flipped", cuts + good + record(small[1], 4, struct.pack("<HB", 9, 1)) + good
    yield "garbage", cuts + good + record(b"garbage", 0) + good
    yield "large-length", cuts + good + record(b"x", 5, struct.pack("<QB", 1 << 62, 0)) + good
    yield "hole", cuts + good + struct.pack("<BHB", 6, 4096, 0) + good
    yield "long-hole", cuts + good + struct.pack("<BHB", 62, 40000, 0) + good


def index_seeds(events):
    """Files of events, as index_fuzz describes them: parts, cut, then records."""

    def record(data, kind=4, extra=b""):
        return bytes([kind]) + struct.pack("<H", len(data)) + data + extra

    small = [event for event in events if len(event) <= 400]
    head = struct.pack("<BH", 1, 200)
    good = b"".join(record(event) for event in small)
    yield "all", head + good
    yield "again", head + b"".join(record(event) + b"\x01" for event in small[:8])
    yield "flipped", head + record(small[1], 15, struct.pack("<HB", 9, 1)) + good
    yield "garbage", head + record(b"garbage", 0) + good


def picture_seeds(channels):
    for number, (width, height) in enumerate([(1, 1), (17, 9), (100, 40), (4095, 10)]):
        for kind, painted in {
            "literals": bytes([0, 15, 0, 0]) + bytes(range(16)),
            "flat": b"\x01\xff\x0f\x07",
            "ramp": b"\x02\xff\x0f\x01",
            "copies": b"\x04\x40\x00\x05" + b"\x03\xff\x0f\x00\x30\x00" * 3,
            "noise": b"\x04\xff\x0f\x09",
        }.items():
            yield f"{kind}-{number}", channels, width - 1, height - 1, painted


def png_seeds():
    for channels in range(4):
        for name, what, width, height, painted in picture_seeds(channels):
            if (channels + len(name)) % 2 == 0:
                yield f"{channels + 1}-{name}", struct.pack("<BHHB", what, width, height, 3) + painted


def gif_seeds():
    for bits in (0, 4, 8):
        for name, what, width, height, painted in picture_seeds(1):
            head = struct.pack("<BHHBBHB", what, width % 2048, height, 2, 3, 40, bits)
            yield f"{bits}-{name}", head + painted


def deflate_seeds():
    for name, _, width, height, painted in picture_seeds(0):
        yield f"found-{name}", struct.pack("<BHH", 1, 20000, width * height % 60000) + painted
        yield f"tokens-{name}", struct.pack("<BB", 0, 2) + painted * 8


def histogram_seeds():
    values = {
        11: struct.pack("<8f", 0.5, -0.5, 1e-12, 3e20, 1, 2, 3, float("nan")),
        12: struct.pack("<6d", 0.5, float("inf"), -1e300, 1, 2, 5e-324),
        9: bytes(range(64)),
        3: bytes(range(32)),
    }
    for dtype, raw in values.items():
        for kind in range(3):
            edges = struct.pack("<4d", -1, 0, 0.5, 3) if kind == 2 else b""
            head = struct.pack("<BHBBBBB", kind, 9, dtype, 7 * (dtype % 2), len(edges) // 8, 1, 40)
            if kind == 2:
                head = struct.pack("<BHBBB", kind, 9, dtype, 7 * (dtype % 2), 4) + edges + b"\x01\x28"
            yield f"{kind}-{dtype}", head + raw


def main():
    corpus = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("corpus"))
    with tempfile.TemporaryDirectory() as root:
        directory = Path(root)
        (directory / "whole").mkdir()
        (directory / "dead").mkdir()
        file, _ = log(directory / "whole", "close")
        _, ring = log(directory / "dead", "die")
        events, damage = scanner.records(file)
        assert not damage
        ring_bytes = ring.read_bytes()
    small = [event for event in events if len(event) <= MOST_BYTES]
    seeds = {
        "wire_fuzz": [(f"event-{i}", event) for i, event in enumerate(small[: len(small) // 2 + 2])],
        "record_fuzz": record_seeds(small),
        "index_fuzz": index_seeds(small),
        "recovery_fuzz": recovery_seeds(ring_bytes),
        "png_fuzz": png_seeds(),
        "gif_fuzz": gif_seeds(),
        "deflate_fuzz": deflate_seeds(),
        "histogram_fuzz": histogram_seeds(),
    }
    for target, inputs in seeds.items():
        (corpus / target).mkdir(parents=True, exist_ok=True)
        for name, content in inputs:
            (corpus / target / f"seed-{name}").write_bytes(content)


if __name__ == "__main__":
    main()
