"""The events of one file, one by one, as TensorFlow's summary_iterator returns them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from tickertape import _core
from tickertape.convert import paths
from tickertape.reader import compressed, damage, log_dirs, protobufs
from tickertape.reader.compressed import Unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_Message = TypeVar("_Message")

_OVERHEAD_BYTES = 16  # of a record: length, its CRC, and the CRC of the data
_MOST_TEXTS = (
    100  # a file of nothing but undecodable records must not fill the memory; the index has the same bound
)


@overload
def summary_iterator(
    path: str | os.PathLike[str], *, as_protobuf: Literal[False] = False
) -> Iterator[_core.Event]: ...
@overload
def summary_iterator(path: str | os.PathLike[str], *, as_protobuf: Literal[True]) -> Iterator[Any]: ...
def summary_iterator(path: str | os.PathLike[str], *, as_protobuf: bool = False) -> Iterator[Any]:
    """The events of one file, as TensorFlow's function of this name returns them.

    Damage and records that protobuf would not parse as an Event are skipped; at the end, one DamageWarning says what was
    skipped (TensorFlow raises, TensorBoard stops in silence). A record that is cut off at the end ends the iteration.

    Args:
        path: an event file; `.gz` and `.zst` files are unpacked. If only slices of it are there, they are put together; the
            name of a slice stands for that slice alone.
        as_protobuf: whether the events are protobuf messages, of the classes of tensorboard, tensorflow or tensorboardX.

    Yields:
        Event.

    Raises:
        ModuleNotFoundError: none of these packages is installed, for as_protobuf=True; or what unpacks a `.zst` file is not.
        OSError: the file cannot be opened, or is no regular file (a FIFO, a device, a directory).
    """
    name = log_dirs.in_slices(paths.text(path))
    decode: Callable[[bytes], Any] = protobufs.event_class().FromString if as_protobuf else _core.Event
    unpacked = Unpacked()
    readable, cause = unpacked.readable(name)
    return _events(name, _core.RecordReader(readable), decode, cause, unpacked)


def _events(
    name: str,
    records: _core.RecordReader,
    decode: Callable[[bytes], _Message],
    cause: str,
    unpacked: Unpacked,
) -> Iterator[_Message]:
    """`cause` is what is wrong with a compressed file; "" if nothing is."""
    lost = [(0, os.stat(name).st_size, cause)] if cause not in ("", compressed.CUT_OFF) else []  # noqa: PTH116  # a str
    for record in records:
        try:
            event = decode(record)
        except Exception as error:  # noqa: PERF203  # costs nothing where nothing is raised
            if not _is_no_event(error):
                raise
            size = len(record) + _OVERHEAD_BYTES
            why = f"not an event: {error}" if len(lost) < _MOST_TEXTS else "not an event"
            lost.append((records.offset - size, size, why))
        else:
            yield event
    lost = sorted([*lost, *((offset, size, "damaged") for offset, size in records.damage)])
    damage.warn_of_places([(*unpacked.origin(name, offset), size, why) for offset, size, why in lost])


def _is_no_event(error: Exception) -> bool:
    """Whether a record is no Event: our ValueError, or protobuf's DecodeError, whose class only protobuf has."""
    return isinstance(error, ValueError) or type(error).__name__ == "DecodeError"
