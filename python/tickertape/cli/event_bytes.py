"""Events changed as bytes: only the fields concerned are written anew, so fields that nobody knows stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Field numbers of tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
WALL_TIME, STEP, FILE_VERSION, SUMMARY, SESSION_LOG, RUN_METADATA = 1, 2, 3, 5, 7, 8
_VALUE = 1  # of Summary
_TAG = 1  # of Value, and of TaggedRunMetadata
_STATUS = 1  # of SessionLog
_START = 1  # its value
_VARINT, _FIXED64, _BYTES, _START_GROUP, _END_GROUP, _FIXED32 = range(6)
_DEPTH = 100  # of groups, as protobuf


class WireError(ValueError):
    """Bytes that are no message."""


class Field(NamedTuple):
    """A field of a message.

    Attributes:
        number: the field number.
        wire: the wire type.
        begin: offset of its key.
        content: offset of its content, behind key and length.
        end: offset behind it.
        value: of a varint; otherwise 0.
    """

    number: int
    wire: int
    begin: int
    content: int
    end: int
    value: int


def fields(data: bytes) -> Iterator[Field]:
    """The fields of a message, in order.

    Raises:
        WireError: `data` is no message.
    """
    at = 0
    while at < len(data):
        begin = at
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        content, at, value = _content(data, at, number, wire, 0)
        if at > len(data) or number == 0:
            raise WireError("a field is cut off or has number 0")
        yield Field(number, wire, begin, content, at, value)


def _content(data: bytes, at: int, number: int, wire: int, depth: int) -> tuple[int, int, int]:
    """(begin, end, value) of what follows a key."""
    if wire == _VARINT:
        value, end = _varint(data, at)
        return at, end, value
    if wire == _FIXED64:
        return at, at + 8, 0
    if wire == _FIXED32:
        return at, at + 4, 0
    if wire == _BYTES:
        length, at = _varint(data, at)
        return at, at + length, 0
    if wire == _START_GROUP and depth < _DEPTH:
        begin = at
        while True:
            key, at = _varint(data, at)
            if key & 7 == _END_GROUP:
                if key >> 3 != number:
                    raise WireError("a group ends with the number of another one")
                return begin, at, 0
            _, at, _ = _content(data, at, key >> 3, key & 7, depth + 1)
    raise WireError(f"wire type {wire} is none, or groups are nested too deep")


def edit_tags(event: bytes, edit: Callable[[str], str | None]) -> bytes | None:
    """An event whose tags are edited.

    Args:
        event: a serialized Event.
        edit: from a tag to the same tag, another one, or None, which removes the value.

    Returns:
        `event` itself if no tag changed, its new bytes, or None if nothing is left in it.

    Raises:
        WireError: `event` is no Event.
    """

    def of_summary(summary: bytes) -> bytes | None:
        return _replace(summary, _VALUE, lambda value: _with_tag(value, edit)) or None

    changed = _replace(event, SUMMARY, of_summary)
    changed = _replace(changed, RUN_METADATA, lambda tagged: _with_tag(tagged, edit))
    if changed is not event and all(field.number in (WALL_TIME, STEP) for field in fields(changed)):
        return None
    return changed


def tags(event: bytes) -> Iterator[str]:
    """The tags of an event's values, and of its run metadata. WireError if it is no Event."""
    for field in fields(event):
        content = event[field.content : field.end]
        if field.number == SUMMARY and field.wire == _BYTES:
            yield from (
                tag_of(content[value.content : value.end])
                for value in fields(content)
                if value.number == _VALUE
            )
        elif field.number == RUN_METADATA and field.wire == _BYTES:
            yield tag_of(content)


def tag_of(message: bytes) -> str:
    """The tag of a Value or a TaggedRunMetadata; what is not UTF-8 in it as surrogates."""
    tag = b""
    for field in fields(message):
        if field.number == _TAG and field.wire == _BYTES:
            tag = message[field.content : field.end]  # the last one counts
    return tag.decode(errors="surrogateescape")


def step_of(event: bytes) -> int:
    """The step of an event. WireError if it is no Event."""
    step = 0
    for field in fields(event):
        if field.number == STEP and field.wire == _VARINT:
            step = field.value
    return step - (1 << 64) if step >= 1 << 63 else step


def with_step(event: bytes, step: int) -> bytes:
    """An event with another step (int64). WireError if it is no Event."""
    new = _encode_varint(STEP << 3) + _encode_varint(step & (1 << 64) - 1) if step else b""
    kept, place = [], 0
    for field in fields(event):
        if field.number == STEP:
            continue
        kept.append(event[field.begin : field.end])
        if field.number < STEP:
            place = len(kept)
    return b"".join([*kept[:place], new, *kept[place:]])


def has(event: bytes, *numbers: int) -> bool:
    """Whether an event has one of these fields. WireError if it is no Event."""
    return any(field.number in numbers for field in fields(event))


def is_start(event: bytes) -> bool:
    """Whether an event is a SessionLog START, which makes TensorBoard drop what has its step or a later one."""
    status = 0
    for field in fields(event):
        if field.number == SESSION_LOG and field.wire == _BYTES:
            for inner in fields(event[field.content : field.end]):
                if inner.number == _STATUS:
                    status = inner.value
    return status == _START


def _with_tag(message: bytes, edit: Callable[[str], str | None]) -> bytes | None:
    tag = tag_of(message)
    new = edit(tag)
    if new == tag or new is None:
        return message if new == tag else None
    encoded = new.encode(errors="surrogateescape")
    return _replace(message, _TAG, lambda _: encoded)


def _replace(message: bytes, number: int, edit: Callable[[bytes], bytes | None]) -> bytes:
    """A message of which each field `number` (bytes) is what `edit` returns; None removes it.

    `message` itself if `edit` returned each object that it was given.
    """
    parts: list[bytes] = []
    kept_to = 0
    for field in fields(message):
        if field.number != number or field.wire != _BYTES:
            continue
        content = message[field.content : field.end]
        new = edit(content)
        if new is content:
            continue
        parts.append(message[kept_to : field.begin])
        if new is not None:
            parts += [_encode_varint(number << 3 | _BYTES), _encode_varint(len(new)), new]
        kept_to = field.end
    return b"".join([*parts, message[kept_to:]]) if kept_to else message


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (1 << 64) - 1, at
        shift += 7
    raise WireError("a varint is cut off or too long")


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
