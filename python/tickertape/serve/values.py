"""From the places of an index to what TensorBoard's clients get: tensors and blobs, read from their files when asked for."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from tickertape import _core
from tickertape.reader import decode
from tickertape.reader.entry import live
from tickertape.serve.protos import event_pb2, summary_pb2
from tickertape.serve.served_run import blobs_of_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from tickertape.reader.scan import Piece
    from tickertape.serve.served_run import ServedTag

_Read = TypeVar("_Read")
_LOG = logging.getLogger("tickertape.serve")


class Row(NamedTuple):
    """The place of a value."""

    piece: Piece
    number: int  # of the piece
    at: int  # row of the piece's series
    step: int
    wall_time: float


def spread(count: int, points: int) -> npt.NDArray[np.intp]:
    """The numbers of at most `points` of `count` rows: evenly spaced, the last one always and the first if there are two."""
    if count <= points:
        return np.arange(count)
    if points == 0:
        return np.arange(0)
    if points == 1:
        return np.array([count - 1])
    numbers: npt.NDArray[np.intp] = np.linspace(0, count - 1, points).round().astype(np.intp)
    return numbers


def rows(tag: ServedTag, numbers: npt.NDArray[np.intp]) -> Iterator[Row]:
    """These rows (ascending) of the values of a tag that count."""
    first = 0
    for number, (piece, count) in enumerate(zip(tag.entry.pieces, tag.entry.counts, strict=True)):
        here = numbers[(numbers >= first) & (numbers < first + count)] - first
        if len(here):
            ats = live(piece, np.arange(len(piece.series)))[here]
            series = piece.series
            for at, step, wall_time in zip(
                ats.tolist(), series.step[ats].tolist(), series.wall_time[ats].tolist(), strict=True
            ):
                yield Row(piece, number, at, step, wall_time)
        first += count


def each(
    tag: ServedTag, numbers: npt.NDArray[np.intp], read: Callable[[ServedTag, Row], _Read]
) -> Iterator[tuple[Row, _Read]]:
    """These rows (ascending) and what `read` returns of each. A row that cannot be read is left out; the log says so."""
    for row in rows(tag, numbers):
        try:
            found = read(tag, row)
        except (ValueError, OSError, LookupError) as error:  # noqa: PERF203  # a row each
            _LOG.warning("%s: %r at step %d is left out: %s", row.piece.file.path, tag.name, row.step, error)
        else:
            yield row, found


def first_of_steps(tag: ServedTag, points: int) -> npt.NDArray[np.intp]:
    """The numbers, ascending, of the first row of each of at most `points` steps."""
    first = np.unique(tag.entry.column("step"), return_index=True)[1]
    return np.sort(first[spread(len(first), points)])


def of_step(tag: ServedTag, step: int) -> Row | None:
    """The first value of a step; None if there is none."""
    at = np.flatnonzero(tag.entry.column("step") == step)
    return next(rows(tag, at[:1]), None)


def tensor(tag: ServedTag, row: Row) -> Any:
    """The value as a TensorProto of TensorBoard.

    Raises:
        ValueError, OSError: it is not in its file any more, or cannot be decoded.
    """
    return _value(tag, row).tensor


def scalars(tag: ServedTag) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Step, wall time and value of each scalar."""
    entry = tag.entry
    if not entry.pieces or entry.pieces[0].series.kind == "scalars":
        return entry.column("step"), entry.column("wall_time"), entry.column("value")
    found = list(each(tag, np.arange(len(entry)), _number))  # of a plugin that the index does not know
    steps = np.array([row.step for row, _ in found], dtype=np.int64)
    wall_times = np.array([row.wall_time for row, _ in found], dtype=np.float64)
    return steps, wall_times, np.array([number for _, number in found], dtype=np.float64)


def _number(tag: ServedTag, row: Row) -> float:
    """The one element of a tensor."""
    found = decode.tensor(_core.TensorProto(tensor(tag, row).SerializeToString()))
    if found.size != 1 or found.dtype.kind not in "fiub":
        raise ValueError(f"tensor: expected one number, got shape {found.shape}")
    return float(found.reshape(()))


def blob_count(tag: ServedTag, row: Row) -> int:
    """How many blobs a value is."""
    count = blobs_of_field(int(row.piece.series.field[row.at]))
    if count is not None:
        return count
    place = (row.number, row.at)
    if place not in tag.blob_counts:
        found = tensor(tag, row)
        elements = math.prod(dim.size for dim in found.tensor_shape.dim)
        # A file may say any shape: there are no more blobs than strings.
        tag.blob_counts[place] = max(0, min(elements, len(found.string_val)))
    return tag.blob_counts[place]


def blob(tag: ServedTag, row: Row, number: int) -> bytes:
    """One blob of a value.

    Raises:
        LookupError: it has not so many.
        ValueError, OSError: as tensor().
    """
    blobs = tensor(tag, row).string_val
    if not 0 <= number < len(blobs):
        raise LookupError(f"blob_key: expected a number below {len(blobs)}, got {number}")
    found: bytes = blobs[number]
    return found


def _value(tag: ServedTag, row: Row) -> Any:
    """The value in new style, as TensorBoard's own loader converts it."""
    from tensorboard import data_compat, dataclass_compat  # noqa: PLC0415  # half a second that scalars do not need

    series = row.piece.series
    record = _core.read_record(
        row.piece.file.readable, int(series.offset[row.at]), int(series.length[row.at])
    )
    event = event_pb2.Event.FromString(record)
    position = int(series.position[row.at])
    if position >= 0:
        value = event.summary.value[position]
        event = event_pb2.Event()
        event.summary.value.add().CopyFrom(value)
    initial = {tag.name: summary_pb2.SummaryMetadata.FromString(tag.description.initial)}
    migrated = dataclass_compat.migrate_event(data_compat.migrate_event(event), initial)
    return migrated[-1].summary.value[0]
