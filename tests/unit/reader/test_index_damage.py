"""scan_files on damaged, hostile and changing files: intact events all come back, and nothing hangs or grows."""

import os
import signal
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from support import index_oracle, oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.util import tensor_util
from tickertape import _core


def scan(path, **options):
    (index,) = _core.scan_files([str(path)], **options)
    return index


def events():
    """Small events of several kinds; the first scalars look alike to a reader that expects the next one."""
    found = [Event(file_version="brain.Event:2", wall_time=1)]
    for step in range(1, 5):
        for tag in ("a", "loss/train"):
            values = [Summary.Value(tag=tag, simple_value=step)]
            found.append(Event(step=step, wall_time=step + 0.5, summary=Summary(value=values)))
    plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    text = Summary.Value(tag="words", tensor=tensor_util.make_tensor_proto(["x"]), metadata=plugin)
    found.append(Event(step=5, wall_time=6, summary=Summary(value=[text])))
    return found


def frames():
    return [oracle.frame(event.SerializeToString()) for event in events()]


def rows_of(kept):
    """The rows of these events, ordinals counted anew."""
    return index_oracle.series(kept)


def test_cut_at_every_byte(tmp_path):
    path, whole = tmp_path / "file", b"".join(frames())
    ends = np.cumsum([len(frame) for frame in frames()])
    before = None
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        count = int(np.searchsorted(ends, size, side="right"))
        index = scan(path)
        assert index_oracle.of_index(index) == rows_of(events()[:count])
        assert index.end == (ends[count - 1] if count else 0)
        assert (index.tail_bytes, index.is_cut) == (size - index.end, size != index.end)
        assert index.problems == []  # a cut-off tail is no damage
        (before,) = _core.scan_files([str(path)], previous=[before])
        assert index_oracle.of_index(before) == index_oracle.of_index(index)


def test_one_flipped_bit_anywhere(tmp_path):
    """Costs the event that it is in, and is reported."""
    path, parts = tmp_path / "file", frames()
    whole = b"".join(parts)
    start = 0
    for number, frame in enumerate(
        parts[:-1]
    ):  # damage at the end cannot be told from a record that is cut off
        kept = [event for other, event in enumerate(events()) if other != number]
        for at in range(start, start + len(frame)):
            damaged = bytearray(whole)
            damaged[at] ^= 1 << at % 8
            path.write_bytes(damaged)
            index = scan(path)
            assert index_oracle.of_index(index) == rows_of(kept)
            assert index.problems == [(start, len(frame), "damaged")]
        start += len(frame)


@pytest.mark.parametrize(
    "garbage",
    [
        b"x" * 37,
        bytes(4096),
        struct.pack("<Q", 2**63),
        struct.pack("<QI", 2**63, oracle.mask(oracle.crc32c.crc32c(struct.pack("<Q", 2**63)))),
        struct.pack("<QI", 2**40, oracle.mask(oracle.crc32c.crc32c(struct.pack("<Q", 2**40)))),
        struct.pack("<QI", 2**64 - 8, oracle.mask(oracle.crc32c.crc32c(struct.pack("<Q", 2**64 - 8)))),
    ],
    ids=["text", "hole", "length", "2**63", "2**40", "2**64 - 8"],
)
def test_garbage_between_records(tmp_path, garbage):
    path, parts = tmp_path / "file", frames()
    path.write_bytes(b"".join(parts[:4]) + garbage + b"".join(parts[4:]))
    index = scan(path)
    assert index_oracle.of_index(index) == rows_of(events())
    assert index.problems == [(sum(map(len, parts[:4])), len(garbage), "damaged")]


def test_a_zero_filled_tail(tmp_path):
    path, whole = tmp_path / "file", b"".join(frames())
    path.write_bytes(whole + bytes(5000))
    index = scan(path)
    assert index_oracle.of_index(index) == rows_of(events())
    assert (index.end, index.tail_bytes, index.problems) == (len(whole), 5000, [])
    path.write_bytes(whole + bytes(5000) + whole)
    (index,) = _core.scan_files([str(path)], previous=[index])
    assert index.problems[0] == (len(whole), 5000, "damaged")
    assert index.events == 2 * len(events())


def test_records_that_are_no_events(tmp_path):
    path, parts = tmp_path / "file", frames()
    bad_tag = b"\x2a\x0c\x0a\x0a\x0a\x03a\xffb\x15\0\0\x80\x3f"
    deep = b""
    for _ in range(5_000):  # a tensor in a variant in a tensor ...
        deep = _field(15, _field(3, deep))
    deep = _field(5, _field(1, _field(8, deep)))
    bad = [oracle.frame(data) for data in (b"\xff", bad_tag, b"\x2a\x02\x0a\x05", deep, b"\x2b" * 10_000)]
    path.write_bytes(b"".join([*parts[:3], *bad, *parts[3:]]))
    index = scan(path)
    assert {key: [row[1:] for row in rows] for key, rows in index_oracle.of_index(index).items()} == {
        key: [row[1:] for row in rows] for key, rows in rows_of(events()).items()
    }
    assert [size for _, size, _ in index.problems] == [len(frame) for frame in bad]
    assert all(cause.startswith("not an event: ") for _, _, cause in index.problems)


def _varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _field(number, content):
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def test_names_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "events.out.tfevents.1")
    (tmp_path / "events.out.tfevents.2").mkdir()
    (tmp_path / "events.out.tfevents.3").symlink_to("events.out.tfevents.3")
    (tmp_path / "events.out.tfevents.4").symlink_to("/dev/zero")
    (tmp_path / "events.out.tfevents.5").write_bytes(b"".join(frames()))
    paths = sorted(str(path) for path in tmp_path.iterdir())
    fifo, folder, loop, device, good = _core.scan_files(paths, progress=lambda *_: None)
    assert isinstance(folder.error, IsADirectoryError)
    assert all(isinstance(index.error, OSError) for index in (fifo, loop, device))
    assert good.error is None
    assert good.events == len(events())
    assert good.error is None
    assert fifo.error.filename == paths[0]
    assert fifo.series == []


def test_files_that_are_replaced_or_cut_off(tmp_path):
    path, parts = tmp_path / "file", frames()
    path.write_bytes(b"".join(parts))
    index = scan(path)
    path.write_bytes(b"".join(parts[:4]))
    (cut,) = _core.scan_files([str(path)], previous=[index])
    assert index_oracle.of_index(cut) == rows_of(events()[:4])
    other = tmp_path / "other"
    other.write_bytes(b"".join(parts[4:] * 3))
    other.replace(path)
    (replaced,) = _core.scan_files([str(path)], previous=[cut])
    assert index_oracle.of_index(replaced) == rows_of(events()[4:] * 3)
    assert replaced.identity != cut.identity
    path.unlink()
    (gone,) = _core.scan_files([str(path)], previous=[replaced])
    assert isinstance(gone.error, FileNotFoundError)
    path.write_bytes(b"".join(parts))
    (back,) = _core.scan_files([str(path)], previous=[gone])
    assert back.events == len(events())


def test_a_file_that_shrinks_and_grows_while_it_is_read(tmp_path):
    path, whole = tmp_path / "file", b"".join(frames()) * 20_000  # several windows of the reader
    path.write_bytes(whole)
    stop = threading.Event()

    def change():
        while not stop.is_set():
            os.truncate(path, len(whole) // 3)
            path.write_bytes(whole)

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(10):
            index = scan(path, threads=2)
            assert index.error is None
            assert index.end <= len(whole)
    finally:
        stop.set()
        changer.join()
    assert scan(path).events == 20_000 * len(events())


# A child's own memory: ru_maxrss would begin with its parent's.
PEAK = """
import os, sys
from tickertape import _core
def peak():
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) * 1024
"""
SPARSE = (
    PEAK
    + """
print("ready", flush=True)
try:
    _core.scan_files([sys.argv[1]], progress=lambda done, total: print("on", flush=True))
except KeyboardInterrupt:
    print(peak(), flush=True)
    os._exit(7)
"""
)
GROWTH = (
    PEAK
    + """
before = peak()
(index,) = _core.scan_files([sys.argv[1]])
print(peak() - before, sum(map(len, index.series)))
"""
)


def growth(path):
    """Bytes that a process needs to scan the file, and the rows that it found."""
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(path)], capture_output=True, text=True, check=True
    )
    return map(int, done.stdout.split())


def test_many_tags(tmp_path):
    count = 100_000
    path = tmp_path / "file"
    with path.open("wb") as file:
        for number in range(count):
            value = Summary.Value(tag=f"layer/{number}", simple_value=number)
            file.write(oracle.frame(Event(step=1, summary=Summary(value=[value])).SerializeToString()))
    grown, rows = growth(path)
    assert rows == count
    assert grown < 40 * path.stat().st_size
    index = scan(path)
    assert len(index.series) == count
    assert index.series[-1].value.tolist() == [count - 1]


def test_a_sparse_file_can_be_interrupted(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"".join(frames()))
    os.truncate(path, 2**40)  # so large that no machine comes to its end meanwhile
    child = subprocess.Popen([sys.executable, "-c", SPARSE, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    assert child.stdout.readline() == "on\n"  # it is in the middle of the hole
    child.send_signal(signal.SIGINT)
    rest, _ = child.communicate(timeout=60)
    assert child.returncode == 7
    assert int(rest.splitlines()[-1]) < 200 * 2**20


def test_images_take_memory_for_their_places_only(tmp_path):
    path = tmp_path / "file"
    pixels = os.urandom(100_000)
    with path.open("wb") as file:
        for step in range(1000):
            image = Summary.Image(height=1, width=1, encoded_image_string=pixels)
            value = Summary.Value(tag="image", image=image)
            file.write(oracle.frame(Event(step=step, summary=Summary(value=[value])).SerializeToString()))
    grown, rows = growth(path)
    assert rows == 1000
    assert grown < 16 * 2**20
    (one,) = scan(path).series
    data = _core.read_record(path, int(one.offset[500]), int(one.length[500]))
    assert Event.FromString(data).step == 500


def test_a_file_that_grows_under_a_reader(tmp_path):
    """Every scan sees whole events only, and all of them in the end."""
    path, parts = tmp_path / "file", frames()
    path.write_bytes(b"")

    def grow():
        with path.open("ab", buffering=0) as file:
            for frame in parts * 50:
                half = len(frame) // 2
                file.write(frame[:half])
                time.sleep(0)
                file.write(frame[half:])

    writer = threading.Thread(target=grow)
    writer.start()
    index = None
    while writer.is_alive():
        (index,) = _core.scan_files([str(path)], previous=[index])
        assert index.problems == [] or all(size == 0 for _, size, _ in index.problems)
    writer.join()
    (index,) = _core.scan_files([str(path)], previous=[index])
    assert index_oracle.of_index(index) == rows_of(events() * 50)
