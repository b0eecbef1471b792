"""The events of one file, one by one, as TensorFlow's summary_iterator returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape.convert import notices, paths, protobuf
from tickertape.convert.messages import Message

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

_VALUE_KINDS = ("simple_value", "obsolete_old_style_histogram", "image", "histo", "audio", "tensor")
_MESSAGES = {
    "session_log": "SessionLog",
    "tagged_run_metadata": "TaggedRunMetadata",
    "log_message": "LogMessage",
}
_EMPTY: dict[str, Any] = {"file_version": "", "graph_def": b"", "meta_graph_def": b""}


class DamageWarning(UserWarning):
    """Part of a file could not be read and was skipped.

    Attributes:
        path: the file.
        regions: (offset, length in bytes) of each part, in file order.
    """

    def __init__(self, path: str, regions: list[tuple[int, int]]) -> None:
        self.path = path
        self.regions = regions
        places = ", ".join(f"{length} bytes at {offset}" for offset, length in regions[:5])
        more = f" and {len(regions) - 5} more" if len(regions) > 5 else ""
        super().__init__(f"{path}: skipped {places}{more}")


class Event:
    """One event of a file, with the fields of tensorboard's Event message.

    Attributes:
        wall_time: seconds since the epoch.
        step: int64.
        file_version: "brain.Event:2" in the first event of a file, else "".
        summary: the Summary; empty where the event is something else.
        session_log, tagged_run_metadata, log_message, source_metadata: messages, empty where not set.
        graph_def, meta_graph_def: bytes, empty where not set.
    """

    __slots__ = ("_bytes", "_payload", "_summary", "_what", "step", "wall_time")

    def __init__(self, data: bytes) -> None:
        """Decodes the outermost level of `data`, a serialised Event; ValueError where it is none."""
        self._bytes = data
        self.wall_time, self.step, self._what, self._payload = _core.decode_event(data)
        self._summary: Summary | None = None

    @property
    def summary(self) -> Summary:
        """The values of the event."""
        if self._summary is None:
            self._summary = Summary(self._bytes, self._payload if self._what == "summary" else [])
        return self._summary

    @property
    def source_metadata(self) -> Message:
        """What wrote the file; set in its first event."""
        return Message("SourceMetadata", _merged_field(self._bytes, 10))  # event.proto

    def __getattr__(self, name: str) -> Any:
        if name in _MESSAGES:
            return Message(_MESSAGES[name], self._payload if self._what == name else b"")
        if name in _EMPTY:
            return self._payload if self._what == name else _EMPTY[name]
        raise AttributeError(f"Event has no field {name!r}")

    def WhichOneof(self, oneof: str) -> str | None:  # noqa: N802  # protobuf's name
        """The name of the field that is set of the oneof "what"."""
        return self._what or None if oneof == "what" else None

    def HasField(self, name: str) -> bool:  # noqa: N802  # protobuf's name
        """Whether a field of the oneof "what" (summary, file_version, ...) is set."""
        return name == self._what

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """The event's bytes in the file."""
        return self._bytes

    def __repr__(self) -> str:
        return f"Event(wall_time={self.wall_time!r}, step={self.step}, {self._what}={self._payload!r:.80})"


class Summary:
    """The values of one event: `value` is a list of Value."""

    __slots__ = ("value",)

    def __init__(self, event: bytes, decoded: list[tuple[Any, ...]]) -> None:
        self.value = [Value(event, index, *fields) for index, fields in enumerate(decoded)]


class Value:
    """One value of a Summary.

    Attributes:
        tag: name of the series.
        simple_value: float; 0.0 where the value is of another kind.
        image, histo, audio, tensor, metadata: messages with the fields of summary.proto, decoded when asked for.
        node_name, obsolete_old_style_histogram: as in summary.proto.
    """

    __slots__ = ("_data", "_event", "_index", "_kind", "_message", "plugin_content", "plugin_name", "tag")

    def __init__(
        self,
        event: bytes,
        index: int,
        tag: str,
        kind: str,
        data: Any,
        plugin_name: str,
        plugin_content: bytes,
    ) -> None:
        self.tag = tag
        self.plugin_name = plugin_name
        self.plugin_content = plugin_content
        self._kind, self._data, self._event, self._index = kind, data, event, index
        self._message: Message | None = None

    @property
    def simple_value(self) -> float:
        """The number of an old-style scalar."""
        return float(self._data) if self._kind == "simple_value" else 0.0

    def HasField(self, name: str) -> bool:  # noqa: N802  # protobuf's name
        """Whether a field is set: "image", "simple_value", "metadata", ..."""
        return name == self._kind if name in _VALUE_KINDS else self._whole().HasField(name)

    def WhichOneof(self, oneof: str) -> str | None:  # noqa: N802  # protobuf's name
        """The kind of the value; the only oneof is "value"."""
        return self._kind or None if oneof == "value" else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole(), name)

    def __repr__(self) -> str:
        return f"Value(tag={self.tag!r}, {self._kind}={self._data!r:.60})"

    def _whole(self) -> Message:
        """The whole message, found again in the bytes of its event: few readers ask for what is only there."""
        if self._message is None:
            summary = _merged_field(self._event, 5)  # event.proto
            values = [raw for number, _, raw in protobuf.fields(summary) if number == 1]  # summary.proto
            raw = values[self._index]
            self._message = Message("Value", raw if isinstance(raw, bytes) else b"")
        return self._message


def summary_iterator(path: str | os.PathLike[str]) -> Iterator[Event]:
    """The events of one file, as TensorFlow's function of this name gives them.

    Damage is skipped; when the end is reached, one DamageWarning says what was skipped (TensorFlow raises, TensorBoard
    stops in silence). A record that is cut off at the end ends the iteration.

    Args:
        path: an event file.

    Yields:
        Event.

    Raises:
        OSError: the file cannot be opened.
    """
    name = paths.text(path)
    return _events(name, _core.RecordReader(name))


def _events(name: str, records: _core.RecordReader) -> Iterator[Event]:
    undecodable = []
    start = records.offset
    for record in records:
        try:
            event = Event(record)
        except ValueError:
            undecodable.append((start, records.offset - start))
        else:
            yield event
        start = records.offset
    _warn_of_damage(name, sorted([*records.damage, *undecodable]))


def _merged_field(data: bytes, number: int) -> bytes:
    """The bytes of a sub-message; empty where it is not there."""
    found = b""
    for field, _, raw in protobuf.fields(data):
        if field == number and isinstance(raw, bytes):
            found += raw  # two pieces of one message are one message: protobuf merges them
    return found


def _warn_of_damage(path: str, regions: list[tuple[int, int]]) -> None:
    if regions:
        notices.warn(DamageWarning(path, regions))
