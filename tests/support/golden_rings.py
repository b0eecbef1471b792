"""Golden rings (tests/golden/rings/): puts a ring and its event files back as a killed process of this user left them."""

import os
import struct
import zipfile
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden" / "rings"
# csrc/queue/ring_layout.h, layout 3: fields of RingHeader, and NameEntry with its FileEntry.
LAYOUT, NAMES_OFFSET, USER_ID, BOOT_ID, LIBRARY_VERSION, NAMES_USED = 8, 24, 68, 72, 136, 384
NAME_ENTRY = struct.Struct("<IIQ")
FILE_ENTRY = struct.Struct("<QqQQ")
TAG = 2
BOOT_ID_BYTES = 64


def layout_of(ring):
    """The layout of a ring file, as it is named in messages and in tests/golden/rings/."""
    with ring.open("rb") as file:
        return "{}.{}".format(*struct.unpack("<II", read(file, LAYOUT, 8)))


def set_layout(ring, layout):
    with ring.open("r+b") as file:
        write(file, LAYOUT, struct.pack("<II", *map(int, layout.split("."))))


def version_of(ring):
    """The version of the package that made a ring."""
    with ring.open("rb") as file:
        return read(file, LIBRARY_VERSION, 64).rstrip(b"\0").decode()


def restore(archive, logs, rings):
    """Unpacks an archive into two empty directories and returns the path of the ring."""
    ring = rings / "tickertape-1-1-1-0.ring"
    with zipfile.ZipFile(archive) as parts, ring.open("xb") as file:
        for name in parts.namelist():
            folder, _, rest = name.partition("/")
            if folder == "logs":
                (logs / rest).write_bytes(parts.read(name))
            else:
                file.seek(int(rest))
                file.write(parts.read(name))
    ring.chmod(0o600)
    with ring.open("r+b") as file:
        adopt(file, logs)
    return ring


def adopt(file, logs):
    """Makes the ring one of this user, this boot and the files in `logs`: as if they had been moved there."""
    write(file, USER_ID, struct.pack("<I", os.getuid()))
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    write(file, BOOT_ID, boot_id.ljust(BOOT_ID_BYTES, b"\0"))
    (at,) = struct.unpack("<Q", read(file, NAMES_OFFSET, 8))
    end = at + struct.unpack("<Q", read(file, NAMES_USED, 8))[0]
    while at < end:
        kind, _, size = NAME_ENTRY.unpack(read(file, at, NAME_ENTRY.size))
        at += NAME_ENTRY.size
        if kind != TAG:
            path = logs / Path(os.fsdecode(read(file, at, size)[FILE_ENTRY.size :])).name
            opening_bytes = FILE_ENTRY.unpack(read(file, at, FILE_ENTRY.size))[3]
            if path.exists():
                location = FILE_ENTRY.pack(path.stat().st_ino, 0, logs.stat().st_ino, opening_bytes)
                write(file, at, location)
        at += (size + 7) // 8 * 8


def read(file, offset, size):
    file.seek(offset)
    return file.read(size)


def write(file, offset, content):
    file.seek(offset)
    file.write(content)
