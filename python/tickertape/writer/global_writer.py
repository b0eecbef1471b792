"""GlobalSummaryWriter: one writer for a whole program that counts the steps itself, as in tensorboardX."""

from __future__ import annotations

import hashlib
import inspect
import mmap
import struct
import threading
from typing import TYPE_CHECKING, Any

from tickertape._core import UnsupportedType
from tickertape.convert import notices
from tickertape.writer import lifecycle
from tickertape.writer.summary_writer import SummaryWriter

if TYPE_CHECKING:
    from typing_extensions import Self

    from tickertape.convert import types

_SLOTS = 2**16  # series that are counted across processes; 1 MiB of address space
_SLOT = struct.Struct("<8sq")  # hash of the series, its next step
_LOCK_SECS = 1.0  # an add_* holds the lock for far less: after that its holder is dead


class GlobalSummaryWriter:
    """A writer that counts the steps itself, with a counter for each series, for all modules and forked processes of a program.

    The parameters are tensorboardX's; no add_* has a `global_step`. A forked child and its parent continue each other's
    count. May be used from many threads.

    Args:
        logdir: directory of the run; None is `runs/<date>_<host><comment>`.
        comment: as in SummaryWriter.
        purge_step: as in SummaryWriter.
        max_queue: as in SummaryWriter.
        flush_secs: as in SummaryWriter.
        filename_suffix: as in SummaryWriter.
        write_to_disk: as in SummaryWriter.
        log_dir: the same as `logdir`, and preferred if both are given.
        coalesce_process: no effect, as in tensorboardX.
        kwargs: no effect, as in tensorboardX.

    Attributes:
        smw: the SummaryWriter that it uses.

    Source: tensorboardX/global_writer.py.
    """

    def __init__(
        self,
        logdir: types.Path | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: types.Real = 10,
        flush_secs: types.Real = 120,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        log_dir: types.Path | None = None,
        coalesce_process: bool = True,  # noqa: ARG002  # tensorboardX's
        **kwargs: Any,  # noqa: ARG002  # as above
    ) -> None:
        self.smw = SummaryWriter(
            logdir if log_dir is None else log_dir,
            comment,
            purge_step,
            max_queue,
            flush_secs,
            filename_suffix,
            write_to_disk=write_to_disk,
        )
        self._steps = _SharedSteps()

    def add_scalar(self, tag: str, scalar_value: types.Scalar, walltime: types.WallTime = None) -> None:
        """SummaryWriter.add_scalar at the next step of the series; the first is 0."""
        self._add("add_scalar", tag, (tag, scalar_value), {"walltime": walltime})

    def add_image(
        self,
        tag: str,
        img_tensor: types.Pixels,
        walltime: types.WallTime = None,
        dataformats: types.Dataformats = "CHW",
    ) -> None:
        """SummaryWriter.add_image at the next step of the series; the first is 0."""
        options = {"walltime": walltime, "dataformats": dataformats}
        self._add("add_image", tag, (tag, img_tensor), options)

    def add_text(self, tag: str, text_string: str | bytes, walltime: types.WallTime = None) -> None:
        """SummaryWriter.add_text at the next step of the series; the first is 0."""
        self._add("add_text", tag, (tag, text_string), {"walltime": walltime})

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle. The copy continues the count from here, by itself: only forked processes share it."""
        return _reopened, (self.smw, self._steps.counted())

    def __getattr__(self, name: str) -> Any:
        """Any other method of SummaryWriter. One with a `global_step` loses it, and is called at the next step."""
        if name.startswith("_") or name == "smw":
            raise AttributeError(f"GlobalSummaryWriter has no attribute {name!r}")
        member = getattr(self.smw, name)
        if not callable(member):
            return member
        parameters = list(inspect.signature(member).parameters)
        if "global_step" not in parameters:
            return member
        parameters.remove("global_step")

        def add(*args: Any, **kwargs: Any) -> None:
            if "global_step" in kwargs or len(args) > len(parameters):
                raise UnsupportedType(
                    f"global_step: expected none in {name}(), since GlobalSummaryWriter counts steps, got one"
                )
            given = {**dict(zip(parameters, args, strict=False)), **kwargs}
            # log() has no tag: its dict counts as one series.
            self._add(name, given.get("tag", given.get("main_tag", "")), (), given)

        return add

    @staticmethod
    def getSummaryWriter() -> GlobalSummaryWriter:  # noqa: N802  # tensorboardX's name
        """The program's writer. The first call makes it, in the default directory."""
        global _writer  # noqa: PLW0603  # there is one for a program
        with lifecycle.opening:
            if _writer is None:
                made = GlobalSummaryWriter()
                if _writer is None:  # a signal handler may have made one meanwhile
                    _writer = made
            return _writer

    @property
    def file_writer(self) -> Any:
        """The FileWriter of the main file."""
        return self.smw._get_file_writer()  # noqa: SLF001  # as in tensorboardX

    def close(self) -> None:
        """Writes everything that is queued and closes the files. A later add_* continues the count in a new file."""
        self.smw.close()

    def _add(self, name: str, tag: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A call that raises does not count."""
        with self._steps as steps:
            key = f"{name}/{tag}"
            step = steps.next_of(key)
            getattr(self.smw, name)(*args, global_step=step, **kwargs)
            steps.store(key, step + 1)


class _SharedSteps:
    """The next step of each series, in memory and under a lock that forked processes share.

    Open addressing: a series is in the slot of its hash or in the first free one after it.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * _SLOT.size)
        self._lock = _shared_lock()
        self._own: dict[str, int] = {}  # series that found no free slot

    def __enter__(self) -> Self:
        if not self._lock.acquire(timeout=_LOCK_SECS):
            notices.warn(
                "GlobalSummaryWriter: a process died while it logged; from here on processes may share steps",
                RuntimeWarning,
            )
            self._lock = threading.RLock()
            self._lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def counted(self) -> dict[bytes, int]:
        """The next step of each series, by its hash."""
        pairs = _SLOT.iter_unpack(self._memory[:])
        return {digest: step for digest, step in pairs if any(digest)} | {
            _digest(key): step for key, step in self._own.items()
        }

    def restore(self, counted: dict[bytes, int]) -> None:
        """Takes over what another process has counted."""
        for digest, step in counted.items():
            slot = self._slot(digest)
            if slot is not None:
                self._put(slot, digest, step)

    def next_of(self, key: str) -> int:
        """The next step of `key`."""
        slot = self._slot(_digest(key))
        return self._own.get(key, 0) if slot is None else int(_SLOT.unpack_from(self._memory, slot)[1])

    def store(self, key: str, step: int) -> None:
        """Sets the next step of `key`."""
        slot = self._slot(_digest(key))
        if slot is None:
            self._own[key] = step
        else:
            self._put(slot, _digest(key), step)

    def _put(self, slot: int, digest: bytes, step: int) -> None:
        # Not pack_into(): it fills the place with zeros first, and the process may be killed in between.
        self._memory[slot : slot + _SLOT.size] = _SLOT.pack(digest, step)

    def _slot(self, digest: bytes) -> int | None:
        """Offset of the slot of a series, or of a free one for it; None if all are in use."""
        start = int.from_bytes(digest, "little")
        for probe in range(_SLOTS):
            offset = (start + probe) % _SLOTS * _SLOT.size
            taken = self._memory[offset : offset + 8]
            if taken in (digest, bytes(8)):
                return offset
        return None


def _digest(key: str) -> bytes:
    """64 bits, not all of them 0. Two series of a program practically never have the same."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return digest if any(digest) else b"\1" + digest[1:]


def _shared_lock() -> Any:
    """A lock for the threads of all forked processes; re-entrant, since signal handlers may log."""
    import multiprocessing  # noqa: PLC0415  # takes longer to import than all of this package

    try:
        return multiprocessing.RLock()
    except (ImportError, OSError):  # a system without semaphores
        return threading.RLock()


def _reopened(smw: SummaryWriter, counted: dict[bytes, int]) -> GlobalSummaryWriter:
    """A pickled writer in another process."""
    writer = GlobalSummaryWriter.__new__(GlobalSummaryWriter)
    writer.smw = smw
    writer._steps = _SharedSteps()  # noqa: SLF001  # this module's class
    writer._steps.restore(counted)  # noqa: SLF001  # as above
    return writer


_writer: GlobalSummaryWriter | None = None
