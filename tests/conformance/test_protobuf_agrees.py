"""Our decoding of event files' messages against protobuf's: the same answer, or both refuse."""

import math

import pytest
from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tickertape import reader


def same(mine, theirs):
    """Whether every field that protobuf's descriptor lists has the same value."""
    return all(_same_field(mine, theirs, field) for field in theirs.DESCRIPTOR.fields) and all(
        mine.WhichOneof(oneof.name) == theirs.WhichOneof(oneof.name) for oneof in theirs.DESCRIPTOR.oneofs
    )


def _same_field(mine, theirs, field):
    one, other = getattr(mine, field.name), getattr(theirs, field.name)
    if field.is_repeated:
        return len(one) == len(other) and all(
            _same_value(a, b, field) for a, b in zip(one, other, strict=True)
        )
    if field.has_presence and mine.HasField(field.name) != theirs.HasField(field.name):
        return False
    return _same_value(one, other, field)


def _same_value(one, other, field):
    if field.message_type is not None:
        return same(one, other)
    if isinstance(other, float) and math.isnan(other):
        return math.isnan(one)
    return one == other and type(one) is type(other)


def assert_same(data, ours, theirs):
    """Both decode `data` to the same, or both refuse it."""
    try:
        expected = theirs.FromString(data)
    except DecodeError:
        with pytest.raises(ValueError, match="at byte"):
            ours(data)
    else:
        message = ours(data)
        assert same(message, expected)
        assert message.SerializeToString() == data
        assert len(repr(message)) < 10_000


PAIRS = [
    (reader.Event, event_pb2.Event),
    (reader.Summary, summary_pb2.Summary),
    (reader.Value, summary_pb2.Summary.Value),
    (reader.TensorProto, tensor_pb2.TensorProto),
    (reader.SummaryMetadata, summary_pb2.SummaryMetadata),
    (reader.HistogramProto, summary_pb2.HistogramProto),
    (reader.TensorShapeProto, tensor_shape_pb2.TensorShapeProto),
    (reader.VariantTensorDataProto, tensor_pb2.VariantTensorDataProto),
]


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def nested(levels):
    """A TensorProto with 2 * `levels` messages inside each other: variant_val 15, its tensors 3."""
    data = b""
    for _ in range(levels):
        data = b"\x1a" + varint(len(data)) + data
        data = b"\x7a" + varint(len(data)) + data
    return data


def test_the_schemas_are_protobufs():
    """Every message and field that protobuf knows below Event, with its number and kind, by setting each."""
    seen = {}

    def walk(descriptor):
        if descriptor.full_name in seen:
            return
        seen[descriptor.full_name] = descriptor
        ours = getattr(reader, descriptor.name)
        names = {name for name in dir(ours) if not name.startswith("_") and name.islower()}
        assert names - {"plugin_name", "plugin_content"} <= {field.name for field in descriptor.fields}
        assert {field.name for field in descriptor.fields} <= names
        for field in descriptor.fields:
            if field.message_type is not None:
                walk(field.message_type)

    walk(Event.DESCRIPTOR)
    assert len(seen) == 18


wire_values = st.one_of(
    st.integers(0, 2**64 - 1).map(lambda value: (0, varint(value))),
    st.binary(min_size=8, max_size=8).map(lambda data: (1, data)),
    st.binary(min_size=4, max_size=4).map(lambda data: (5, data)),
    st.binary(max_size=12).map(lambda data: (2, varint(len(data)) + data)),
    st.text(max_size=4).map(lambda text: (2, varint(len(text.encode())) + text.encode())),
)


def _field(number, wire_value):
    wire_type, data = wire_value
    return varint(number << 3 | wire_type) + data


plain_fields = st.builds(_field, st.integers(1, 19), wire_values)


def _messages(inside):
    """Fields, some of which hold messages, and groups."""
    content = st.lists(st.one_of(plain_fields, inside), max_size=5).map(b"".join)
    embedded = st.builds(
        lambda number, data: _field(number, (2, varint(len(data)) + data)), st.integers(1, 19), content
    )
    groups = st.builds(
        lambda number, data: varint(number << 3 | 3) + data + varint(number << 3 | 4),
        st.integers(1, 19),
        content,
    )
    return st.one_of(embedded, embedded, embedded, groups)


any_message = st.lists(
    st.one_of(plain_fields, st.recursive(plain_fields, _messages, max_leaves=12)), max_size=8
)


@given(any_message.map(b"".join))
@settings(max_examples=400)
def test_fields_of_any_kind_anywhere(data):
    for ours, theirs in PAIRS:
        assert_same(data, ours, theirs)


tensors = st.builds(
    TensorProto,
    dtype=st.integers(0, 23),
    float_val=st.lists(st.floats(width=32), max_size=3),
    double_val=st.lists(st.floats(), max_size=3),
    int_val=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3),
    int64_val=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
    uint32_val=st.lists(st.integers(0, 2**32 - 1), max_size=3),
    uint64_val=st.lists(st.integers(0, 2**64 - 1), max_size=3),
    bool_val=st.lists(st.booleans(), max_size=3),
    string_val=st.lists(st.binary(max_size=5), max_size=3),
    tensor_content=st.binary(max_size=8),
    float8_val=st.binary(max_size=4),
)
metadata = st.builds(
    SummaryMetadata,
    display_name=st.text(max_size=3),
    summary_description=st.text(max_size=3),
    data_class=st.integers(0, 3),
    plugin_data=st.builds(
        SummaryMetadata.PluginData, plugin_name=st.text(max_size=3), content=st.binary(max_size=4)
    ),
)
values = st.one_of(
    st.builds(Summary.Value, tag=st.text(max_size=5), simple_value=st.floats(width=32)),
    st.builds(Summary.Value, tag=st.text(max_size=5), tensor=tensors, metadata=metadata),
    st.builds(Summary.Value, image=st.builds(Summary.Image, height=st.integers(0, 9)), metadata=metadata),
)
events = st.builds(
    Event,
    wall_time=st.floats(),
    step=st.integers(-(2**63), 2**63 - 1),
    summary=st.builds(Summary, value=st.lists(values, max_size=3)),
)


@given(events, events, st.data())
@settings(max_examples=300)
def test_events_joined_cut_and_mutated(first, second, data):
    """The concatenated bytes of two messages decode as the merged message."""
    joined = first.SerializeToString() + second.SerializeToString()
    assert_same(joined, reader.Event, Event)
    end = data.draw(st.integers(0, len(joined)), label="end")
    assert_same(joined[:end], reader.Event, Event)
    mutated = bytearray(joined)
    for _ in range(data.draw(st.integers(1, 3), label="changes") if mutated else 0):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    assert_same(bytes(mutated), reader.Event, Event)


@given(values, values)
@example(
    Summary.Value(tag="t", image=Summary.Image(height=1), metadata=SummaryMetadata(display_name="a")),
    Summary.Value(image=Summary.Image(width=2), metadata=SummaryMetadata(summary_description="b")),
)
def test_parts_of_messages_are_merged_at_every_level(first, second):
    one, other = first.SerializeToString(), second.SerializeToString()
    assert_same(one + other, reader.Value, Summary.Value)
    assert_same(one + other + one, reader.Value, Summary.Value)
    in_event = [b"\x2a" + varint(len(part)) + part for part in (_of_summary(one), _of_summary(other))]
    assert_same(b"".join(in_event), reader.Event, Event)


def _of_summary(value):
    return b"\x0a" + varint(len(value)) + value


def _padded(value, size):
    data = bytearray(varint(value))
    while len(data) < size:
        data[-1] |= 0x80
        data.append(0)
    return bytes(data)


HOSTILE = {
    "empty": b"",
    **{f"key of {size} bytes": _padded(16, size) + b"\x05" for size in (2, 5, 6, 10)},
    **{f"length of {size} bytes": b"\x1a" + _padded(1, size) + b"a" for size in (2, 5, 6, 10)},
    "key of 33 bits": b"\x90\x80\x80\x80\x10\x05",
    "length of 2^32": b"\x1a\x81\x80\x80\x80\x10a",
    "varint of ten bytes": b"\x10" + b"\xff" * 9 + b"\x7f",
    "varint of eleven bytes": b"\x10" + b"\x80" * 10 + b"\x01",
    "field 0": b"\x00\x01",
    "field 0 in a group": b"\x7b\x00\x01\x7c",
    "largest field number": varint((2**29 - 1) << 3) + b"\x01",
    "wire type 6": b"\x0e\x01",
    "wire type 7": b"\x0f\x01",
    "unknown group": b"\x7b\x08\x01\x7c\x10\x05",
    "group of a known number": b"\x13\x14\x10\x05",
    "end of another group": b"\x7b\x74",
    "group without an end": b"\x7b",
    "end without a group": b"\x7c",
    **{f"{depth} groups": b"\x7b" * depth + b"\x7c" * depth for depth in (99, 100, 101, 10_000)},
    **{
        f"{depth} groups in a summary": b"\x2a" + varint(2 * depth) + b"\x7b" * depth + b"\x7c" * depth
        for depth in (99, 100)
    },
    "step as fixed32": b"\x15\0\0\0\0",
    "summary as varint": b"\x28\x05",
    "surrogate": b"\x1a\x03\xed\xa0\x80",
    "overlong character": b"\x1a\x02\xc0\x80",
    "last character": b"\x1a\x04\xf4\x8f\xbf\xbf",
    "beyond the last character": b"\x1a\x04\xf4\x90\x80\x80",
    "tag that is not UTF-8": b"\x2a\x05\x0a\x03\x0a\x01\xff",
    "string that is replaced is not UTF-8": b"\x1a\x01\xff\x1a\x01a",
    "summary that is replaced is broken": b"\x2a\x02\x0a\x05\x1a\x01a",
    "halves of a summary": b"\x2a\x02\x0a\x02\x2a\x02\x0a\x00",
    "wall time cut off": b"\x09\0\0",
}
HOSTILE_TENSORS = {
    "bool of 2^40": b"\x58" + varint(2**40),
    "int of 2^40 + 5": b"\x38" + varint(2**40 + 5),
    "dtype of 2^33 + 1": b"\x08" + varint(2**33 + 1),
    "dtype of -1": b"\x08" + varint(2**64 - 1),
    "packed floats of 5 bytes": b"\x2a\x05aaaaa",
    "packed varint cut off": b"\x3a\x01\x80",
    "packed varint of eleven bytes": b"\x3a\x0b" + b"\x80" * 10 + b"\x01",
    "dtype packed": b"\x0a\x01\x05",
    "packed and not": b"\x2a\x04\0\0\x80\x3f\x2d\0\0\0\x40\x2a\0",
    **{f"{2 * levels} levels": nested(levels) for levels in (49, 50, 51, 5000)},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_event(case):
    assert_same(HOSTILE[case], reader.Event, Event)


@pytest.mark.parametrize("case", HOSTILE_TENSORS)
def test_hostile_tensor(case):
    assert_same(HOSTILE_TENSORS[case], reader.TensorProto, TensorProto)


@given(st.binary(max_size=40))
def test_any_bytes(data):
    for ours, theirs in PAIRS:
        assert_same(data, ours, theirs)
