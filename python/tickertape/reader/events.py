"""The events of one file, one by one, as TensorFlow's summary_iterator returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from tickertape import _core
from tickertape.convert import paths
from tickertape.reader import damage, protobufs

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

_Message = TypeVar("_Message")

_OVERHEAD_BYTES = 16  # of a record: length, its CRC, and the CRC of the data


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
        path: an event file.
        as_protobuf: whether the events are protobuf messages, of the classes of tensorboard, tensorflow or tensorboardX.

    Yields:
        Event.

    Raises:
        ModuleNotFoundError: none of these packages is installed, for as_protobuf=True.
        OSError: the file cannot be opened, or is no regular file (a FIFO, a device, a directory).
    """
    name = paths.text(path)
    decode: Callable[[bytes], Any] = protobufs.event_class().FromString if as_protobuf else _core.Event
    return _events(name, _core.RecordReader(name), decode)


def _events(
    name: str, records: _core.RecordReader, decode: Callable[[bytes], _Message]
) -> Iterator[_Message]:
    undecodable = []
    for record in records:
        try:
            event = decode(record)
        except Exception as error:  # noqa: PERF203  # costs nothing where nothing is raised
            if not _is_no_event(error):
                raise
            end = records.offset
            undecodable.append((end - len(record) - _OVERHEAD_BYTES, len(record) + _OVERHEAD_BYTES))
        else:
            yield event
    damage.warn(name, sorted([*records.damage, *undecodable]))


def _is_no_event(error: Exception) -> bool:
    """Whether a record is no Event: our ValueError, or protobuf's DecodeError, whose class only protobuf has."""
    return isinstance(error, ValueError) or type(error).__name__ == "DecodeError"
