"""The events of one file, one by one, as TensorFlow's summary_iterator returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickertape import _core
from tickertape.convert import paths
from tickertape.reader import damage

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

_OVERHEAD_BYTES = 16  # of a record: length, its CRC, and the CRC of the data


def summary_iterator(path: str | os.PathLike[str]) -> Iterator[_core.Event]:
    """The events of one file, as TensorFlow's function of this name returns them.

    Damage and records that protobuf would not parse as an Event are skipped; at the end, one DamageWarning says what was
    skipped (TensorFlow raises, TensorBoard stops in silence). A record that is cut off at the end ends the iteration.

    Args:
        path: an event file.

    Yields:
        Event.

    Raises:
        OSError: the file cannot be opened, or is no regular file (a FIFO, a device, a directory).
    """
    name = paths.text(path)
    return _events(name, _core.RecordReader(name))


def _events(name: str, records: _core.RecordReader) -> Iterator[_core.Event]:
    undecodable = []
    for record in records:
        try:
            event = _core.Event(record)
        except ValueError:  # noqa: PERF203  # costs nothing where nothing is raised
            end = records.offset
            undecodable.append((end - len(record) - _OVERHEAD_BYTES, len(record) + _OVERHEAD_BYTES))
        else:
            yield event
    damage.warn(name, sorted([*records.damage, *undecodable]))
