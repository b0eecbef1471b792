"""The directories and files that SummaryReader reads: a tree like the file system's, all files scanned at once."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from tickertape.reader import event_names, log_dirs, scan
from tickertape.reader.accumulator import STORE_EVERYTHING_SIZE_GUIDANCE, EventAccumulator
from tickertape.remote import slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tickertape.reader.compressed import Unpacked
    from tickertape.reader.scan import ScannedFile


class Node:
    """A directory, an event file, or something else, which has no events.

    Attributes:
        path, name: of the directory or file.
        children: what is in the directory, by name; empty for one that leads back above itself.
    """

    def __init__(self, path: str, above: tuple[tuple[int, int], ...] = ()) -> None:
        self.path = path
        self.name = os.path.basename(path)  # noqa: PTH119  # names need not be UTF-8, here and below
        self.children: dict[str, Node] = {}
        self.is_directory = os.path.isdir(path)  # noqa: PTH112
        is_named = not above or event_names.is_event_file(self.name)
        self.is_event_file = is_named and (path.endswith(slices.ALL) or os.path.isfile(path))  # noqa: PTH113
        self.scanned: ScannedFile | None = None
        if self.is_directory:
            status = os.stat(path)  # noqa: PTH116
            identity = (status.st_dev, status.st_ino)
            if identity not in above:
                for name in sorted(slices.grouped(os.listdir(path))):  # noqa: PTH208
                    self.children[name] = Node(os.path.join(path, name), (*above, identity))  # noqa: PTH118

    def files(self, directory: str = "") -> Iterator[tuple[str, Node]]:
        """The event files in and below this, each with its directory, relative to this."""
        if self.is_event_file:
            yield directory, self
        for name, child in self.children.items():
            yield from child.files(f"{directory}/{name}".lstrip("/") if child.is_directory else directory)

    @cached_property
    def accumulator(self) -> EventAccumulator:
        """Everything of this file. ValueError for a directory."""
        if self.is_directory:
            raise ValueError(f"log_path: expected an event file, got the directory {self.path!r}")
        accumulator = EventAccumulator(self.path, STORE_EVERYTHING_SIZE_GUIDANCE)
        accumulator.hold([] if self.scanned is None else [self.scanned])
        return accumulator


def read(path: str, unpacked: Unpacked) -> Node:
    """The tree of a directory or file, with the index of each event file. `unpacked` must outlive it."""
    top = Node(log_dirs.in_slices(path))
    files = [file for _, file in top.files()]
    for file, scanned in zip(files, scan.scan_files([file.path for file in files], unpacked), strict=True):
        file.scanned = scanned
        scan.warn_of_damage(scanned)
    return top
