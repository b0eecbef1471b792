"""Log directories cut into bundles of whole runs: what one task of a cluster reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tickertape.convert import check
from tickertape.reader import local_slices, log_dirs
from tickertape.reader.log_dirs import FoundFiles
from tickertape.reader.runs import Runs
from tickertape.reader.selection import selection

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable

    from tickertape.reader.log_dirs import EventFile
    from tickertape.reader.selection import Patterns

    AnyPath = str | bytes | os.PathLike[str]
    Restarts = Literal["as-tensorboard", "newest", "all"]

_BUNDLE_BYTES = 64 << 20  # one task's: some seconds of decoding, and at most as much memory for scalars


@dataclass(frozen=True)
class Bundle:
    """Whole runs that one task reads. Can be pickled if the filters can.

    Attributes:
        files: the event files, with the name of the run of each.
        bytes: how large they were.
        tags, kinds, steps, restarts: what is wanted of them, as `tickertape.read` has it.
    """

    files: FoundFiles
    bytes: int
    tags: Patterns | None
    kinds: Collection[str] | str | None
    steps: tuple[int | None, int | None] | None
    restarts: Restarts

    def read(self) -> Runs:
        """The runs, with the names that they have in the whole log directory. The filters are applied while the files are scanned."""
        return Runs(self.files, selection(None, self.tags, self.kinds, self.steps, self.restarts))


def bundles(
    logdir: AnyPath | Iterable[AnyPath],
    *,
    runs: Patterns | None = None,
    tags: Patterns | None = None,
    kinds: Collection[str] | str | None = None,
    steps: tuple[int | None, int | None] | None = None,
    restarts: Restarts = "as-tensorboard",
    bundle_bytes: int = _BUNDLE_BYTES,
) -> list[Bundle]:
    """The runs of log directories in bundles of files; nothing but the directories is read.

    `dask.dataframe.from_map(lambda bundle: bundle.read().scalars.to_pandas(), bundles("runs"))` is the whole recipe for Dask;
    `ray_dataset` does it for Ray.

    Args:
        logdir: directories and files, which every task can open by the same path.
        runs: which runs, as `tickertape.read` has it; so are `tags`, `kinds`, `steps` and `restarts`.
        tags: which tags.
        kinds: which kinds.
        steps: the first and the last step.
        restarts: which values count if a run was started over.
        bundle_bytes: a bundle ends with the run that reaches this size. A run is never divided.

    Raises:
        FileNotFoundError: there is no such path, or no event file in it.
        TypeError, ValueError: an argument is of the wrong kind.
    """
    selected = selection(runs, tags, kinds, steps, restarts)
    least = check.integer(bundle_bytes, "bundle_bytes", 1)
    found: list[Bundle] = []
    files: list[EventFile] = []
    size = 0
    for file in log_dirs.find_event_files(logdir):
        if selected.runs is not None and not selected.runs(file.run):
            continue
        if size >= least and file.run != files[-1].run:
            found.append(Bundle(FoundFiles(files), size, tags, kinds, steps, restarts))
            files, size = [], 0
        files.append(file)
        size += local_slices.status(file.path)[0]
    if files:
        found.append(Bundle(FoundFiles(files), size, tags, kinds, steps, restarts))
    return found
