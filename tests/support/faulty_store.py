"""A store on the local disk, for several processes: faulty:///path. A file beside it decides what goes wrong.

`Faults(path).set("...")` makes every upload behave until it is set again:
    refuse        raises before anything is written
    after         writes, then raises: the caller cannot know
    slow          waits until something else is set
"""

import time
from pathlib import Path

import fsspec
import pytest


class Faults:
    """What goes wrong in the store below the directory `top`."""

    def __init__(self, top):
        self._path = Path(top).with_name(Path(top).name + ".faults")
        self._log = Path(top).with_name(Path(top).name + ".puts")

    def set(self, fault):
        """`fault`: one of the above; "" is none."""
        part = self._path.with_suffix(".new")
        part.write_text(fault)
        part.rename(self._path)

    @property
    def now(self):
        """What is set."""
        return self._path.read_text() if self._path.exists() else ""

    def log_put(self, name, size):
        """Notes an upload that the store took."""
        with self._log.open("a") as log:
            log.write(f"{size} {name}\n")

    @property
    def puts(self):
        """(name, size) of each upload, in their order."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [(line.partition(" ")[2], int(line.partition(" ")[0])) for line in lines]


class FaultyStore(fsspec.get_filesystem_class("file")):
    """Objects appear whole, as those of a store do."""

    protocol = ("faulty", "memory")  # "memory": as a store that shows whole objects

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("faulty://"))

    def pipe_file(self, path, value, **kwargs):
        """Writes an object."""
        top = next(one for one in Path(path).parents if one.name == "store")
        faults = Faults(top)
        if faults.now == "refuse":
            raise ConnectionError("503 SlowDown")
        while faults.now == "slow":
            time.sleep(0.01)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        part = top.with_name(f"part.{time.monotonic_ns()}")
        part.write_bytes(value)
        part.rename(path)
        faults.log_put(str(Path(path).relative_to(top)), len(value))
        if faults.now == "after":
            raise ConnectionError("the connection was reset")


def register():
    """Makes faulty:// known to fsspec in this process."""
    fsspec.register_implementation("faulty", FaultyStore, clobber=True)


def joined(folder):
    """File name to its bytes, of the slices in a local directory: they follow each other without a gap or an overlap."""
    files = {}
    for path in sorted(Path(folder).rglob("*.at-*")):
        name, _, offset = str(path.relative_to(folder)).rpartition(".at-")
        content = files.setdefault(name, b"")
        assert int(offset) == len(content), path
        files[name] = content + path.read_bytes()
    return files


@pytest.fixture
def bucket(tmp_path, spool):
    """A Bucket of this test."""
    register()
    (tmp_path / "store").mkdir()
    return Bucket(tmp_path / "store")


class Bucket:
    """A store on the disk.

    Attributes:
        url: of a run in it.
        folder: where its objects are.
        faults: what goes wrong.
    """

    def __init__(self, top):
        self.folder = top / "runs" / "one"
        self.url = f"faulty://{self.folder}"
        self.faults = Faults(top)

    def files(self):
        """Event file to its bytes."""
        return joined(self.folder)

    def names(self):
        """The names of all objects."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())
