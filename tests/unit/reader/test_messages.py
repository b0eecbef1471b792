"""Event, Summary, Value and the messages below: copies, pickles, bounds of time and memory, bad use."""

import contextlib
import copy
import gc
import pickle
import sys
import sysconfig
import tracemalloc

import pytest
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tickertape import _core, reader
from tickertape.reader import messages

EVENT = Event(
    wall_time=1.5,
    step=7,
    summary=Summary(
        value=[
            Summary.Value(
                tag="a",
                tensor=TensorProto(
                    float_val=[1, 2], tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=2)])
                ),
                metadata=SummaryMetadata(
                    plugin_data=SummaryMetadata.PluginData(plugin_name="p", content=b"c"), display_name="d"
                ),
            ),
            Summary.Value(tag="b", simple_value=0.5),
        ]
    ),
)


def every_message():
    """An Event and messages of every level in it."""
    event = reader.Event(EVENT.SerializeToString())
    tensor = event.summary.value[0].tensor
    metadata = event.summary.value[0].metadata
    return [
        event,
        event.summary,
        *event.summary.value,
        tensor,
        tensor.tensor_shape,
        tensor.tensor_shape.dim[0],
        metadata,
        metadata.plugin_data,
        event.session_log,
        event.source_metadata,
    ]


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, *(lambda one, p=p: pickle.loads(pickle.dumps(one, p)) for p in range(6))],
    ids=["copy", "deepcopy", *(f"pickle {protocol}" for protocol in range(6))],
)
def test_copies_and_pickles(duplicate):
    for message in every_message():
        twin = duplicate(message)
        assert type(twin) is type(message)
        assert twin.SerializeToString() == message.SerializeToString()
        assert repr(twin) == repr(message)
    twin = duplicate(every_message()[0])
    assert [value.tag for value in twin.summary.value] == ["a", "b"]
    assert twin.summary.value[0].plugin_name == "p"
    assert twin.summary.value[0].plugin_content == b"c"


def test_a_pickle_of_a_value_holds_the_value_alone():
    values = [
        Summary.Value(tag="large", obsolete_old_style_histogram=bytes(100_000)),
        Summary.Value(tag="small"),
    ]
    event = reader.Event(Event(summary=Summary(value=values)).SerializeToString())
    assert len(pickle.dumps(event.summary.value[1])) < 200


def test_a_damage_warning_pickles():
    warning = reader.DamageWarning("file", [(1, 2)])
    for twin in (copy.copy(warning), pickle.loads(pickle.dumps(warning))):
        assert (twin.path, twin.regions, str(twin)) == (warning.path, warning.regions, str(warning))


def objects_made(function):
    """How many objects of Python's allocator `function` leaves, and its result."""
    gc.collect()
    before = sys.getallocatedblocks()
    result = function()
    return sys.getallocatedblocks() - before, result


def bytes_made(function):
    """The most memory that `function` takes at a time, and its result."""
    gc.collect()
    tracemalloc.start()
    try:
        result = function()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


def test_an_event_of_many_values_makes_objects_in_proportion():
    """4,000 values took 78 s, since each was searched from the front: what is made for one value stays the same."""

    def read(count):
        data = Event(
            summary=Summary(value=[Summary.Value(tag="t", node_name="n")] * count)
        ).SerializeToString()
        event = reader.Event(data)
        made, values = objects_made(lambda: [(value.tag, value.node_name) for value in event.summary.value])
        assert values == [("t", "n")] * count
        return made

    few, many = read(100), read(4000)
    assert many < 45 * few


def ask_all(message):
    """Asks for every field of a message and of those in it."""
    for name in FIELDS[type(message)]:
        value = getattr(message, name)
        if value == []:
            continue
        for one in value if isinstance(value, list) else [value]:
            if type(one) not in FIELDS:
                break  # numbers and strings are made with their list
            if message.HasField(name):
                ask_all(one)


def _fields(kind):
    return [name for name in dir(kind) if name[0].islower() and name != "plugin_content"]


FIELDS = {getattr(_core, name): _fields(getattr(_core, name)) for name in messages.__all__}


def nested(start, levels, count):
    """`count` times the same message, with `levels` more inside each other, of the fields `start` in turns."""
    data = b""
    for level in reversed(range(levels)):
        number = start[level % len(start)]
        data = bytes([number << 3 | 2, len(data)]) + data
        assert len(data) < 128
    return data * count


# As many Python objects for as few bytes as possible.
SMALL_PARTS = {
    "empty strings": (reader.TensorProto, b"\x42\x00"),
    "strings of two bytes": (reader.TensorProto, b"\x42\x02ab"),
    "ints": (reader.TensorProto, b"\x38\xff\x7f"),
    "floats": (reader.TensorProto, b"\x2d\0\0\x80\x3f"),
    "bools": (reader.TensorProto, b"\x58\x01"),
    "empty dimensions": (reader.TensorShapeProto, b"\x12\x00"),
    "dimensions of one field": (reader.TensorShapeProto, b"\x12\x02\x12\x00"),
    "empty values": (reader.Summary, b"\x0a\x00"),
    "values with an empty tag": (reader.Summary, b"\x0a\x02\x0a\x00"),
    "values with empty metadata": (reader.Summary, b"\x0a\x02\x4a\x00"),
    "values with an empty shape": (reader.Summary, b"\x0a\x04\x42\x02\x12\x00"),
    "values with an empty dimension": (reader.Summary, b"\x0a\x06\x42\x04\x12\x02\x12\x00"),
    "parts of one metadata": (reader.Value, b"\x4a\x00"),
    "summaries of one event": (reader.Event, b"\x2a\x02\x0a\x00"),
    "tensors in tensors": (reader.TensorProto, nested([15, 3], 60, 1)),
}
# Without the GIL the head of an object has 32 bytes instead of 16.
LARGER = 2 if sysconfig.get_config_var("Py_GIL_DISABLED") else 1
MOST_BYTES_FOR_A_BYTE = 80 * LARGER  # as _core.pyi says


@pytest.mark.parametrize("case", SMALL_PARTS)
def test_memory_is_bounded_by_the_size_of_the_message(case):
    kind, part = SMALL_PARTS[case]
    data = part * (100_000 // len(part))
    message = kind(data)
    ask_all(kind(part))  # what Python keeps for itself
    peak, _ = bytes_made(lambda: ask_all(message))
    assert peak <= MOST_BYTES_FOR_A_BYTE * len(data)


def test_packed_numbers_in_one_field_take_20_bytes_each_at_most():
    count = 100_000
    data = b"\x3a" + b"\xa0\x8d\x06" + b"\xff\x7f" * count  # 100,000 times 16,383, of two bytes
    message = reader.TensorProto(data[:1] + bytes([0xC0, 0x9A, 0x0C]) + data[4:])
    peak, values = bytes_made(lambda: message.int_val)
    assert values == [16383] * count
    assert peak <= LARGER * 20 * len(data) + 10_000


def test_25_million_empty_strings(tmp_path):
    """An array of pointers to one object, nothing more."""
    count = 25_000_000
    message = reader.TensorProto(b"\x42\x00" * count)
    made, values = objects_made(lambda: message.string_val)
    assert len(values) == count
    assert made < 1000
    assert len(repr(message)) < 1000


def test_a_field_is_decoded_once():
    event = reader.Event(EVENT.SerializeToString())
    assert event.summary.value[0] is event.summary.value[0]
    assert event.summary.value[0].tensor.float_val is event.summary.value[0].tensor.float_val


def test_a_message_outlives_what_it_came_from():
    value = reader.Event(EVENT.SerializeToString()).summary.value[0]
    gc.collect()
    assert value.tensor.float_val == [1.0, 2.0]


def test_what_it_is_made_from():
    with pytest.raises(TypeError, match="data: expected bytes, got str"):
        reader.Event("text")
    with pytest.raises(TypeError, match="data: expected bytes, got bytearray"):
        reader.Event(bytearray())
    assert reader.Event().summary.value == []
    event = reader.Event(data=EVENT.SerializeToString())
    with pytest.raises(AttributeError):
        event.step = 5
    with pytest.raises(ValueError, match="name: expected a field of Event, got 'nothing'"):
        event.HasField("nothing")
    with pytest.raises(TypeError, match="name: expected a str, got int"):
        event.HasField(5)
    assert event.WhichOneof("nothing") is None
    assert event.WhichOneof(5) is None


def test_repr_is_bounded_and_names_the_fields():
    text = repr(reader.Event(EVENT.SerializeToString()))
    assert text.startswith(
        "Event(wall_time=1.5, step=7, summary=Summary(value=[Value(tag='a', tensor=TensorProto("
    )
    nested = b""
    for _ in range(40):
        nested = b"\x1a" + bytes([len(nested)]) + nested if len(nested) < 128 else nested
        nested = b"\x7a" + bytes([len(nested)]) + nested if len(nested) < 128 else nested
    assert "(...)" in repr(reader.TensorProto(nested))
    assert "(99960 more)" in repr(reader.Value(Summary.Value(tag="t" * 100_000).SerializeToString()))
    assert "(21 more)" in repr(reader.TensorProto(TensorProto(int_val=range(25)).SerializeToString()))


def test_nothing_is_left_of_messages_that_are_gone():
    """References are counted right: fewer objects are left than messages were read."""

    def read(count):
        for _ in range(count):
            event = reader.Event(EVENT.SerializeToString())
            ask_all(event)
            repr(pickle.loads(pickle.dumps(event)))
            with contextlib.suppress(ValueError):
                reader.Event(b"\x2a\x05")
        gc.collect()

    read(2000)  # Python keeps lists and floats for later use
    made, _ = objects_made(lambda: read(3000))
    assert made < 1000


def test_a_finaliser_that_asks_for_the_same_message_meanwhile():
    """Lists are made while a message is decoded, so the garbage collector and any finaliser can run."""
    message = reader.Event(EVENT.SerializeToString()).summary.value[0].tensor

    class Asks:
        def __del__(self):
            assert message.float_val == [1.0, 2.0]

    threshold = gc.get_threshold()
    try:
        gc.set_threshold(1)
        for _ in range(10):
            cycle = [Asks()]
            cycle.append(cycle)
            del cycle
            assert message.float_val == [1.0, 2.0]
    finally:
        gc.set_threshold(*threshold)
        gc.collect()


def test_one_bad_event_costs_itself_alone(tmp_path):
    good = [
        Event(step=step, summary=Summary(value=[Summary.Value(tag="a", simple_value=step)]))
        for step in range(4)
    ]
    frames = [oracle.frame(event.SerializeToString()) for event in good]
    bad_tag = b"\x2a\x0c\x0a\x0a\x0a\x03a\xffb\x15\0\0\x80\x3f"  # a value with the tag b"a\xffb"
    frames[2:2] = [oracle.frame(bad_tag), oracle.frame(b"\x2a\x02\x0a\x05")]
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"".join(frames))
    start = len(frames[0]) + len(frames[1])
    regions = [(start, len(frames[2])), (start + len(frames[2]), len(frames[3]))]
    with pytest.warns(reader.DamageWarning) as caught:
        assert [event.step for event in reader.summary_iterator(path)] == [0, 1, 2, 3]
    assert [warning.message.regions for warning in caught] == [regions]
    with pytest.warns(reader.DamageWarning) as caught:
        assert reader.read_scalars(path)["a"].step.tolist() == [0, 1, 2, 3]
    assert [warning.message.regions for warning in caught] == [regions]
    with pytest.warns(reader.DamageWarning) as caught:
        assert list(reader.read_scalars(tmp_path)) == ["a"]
    assert [(warning.message.path, warning.filename) for warning in caught] == [(str(path), __file__)]


def test_scalars_of_an_event_whose_fields_are_split_and_out_of_order(tmp_path):
    """Two summaries, and dtype behind the values: what TensorBoard's loader reads of it."""
    tensor = TensorProto(float_val=[2.5]).SerializeToString() + TensorProto(dtype=1).SerializeToString()
    value = Summary.Value(tag="new").SerializeToString() + b"\x42" + bytes([len(tensor)]) + tensor
    summary = b"\x0a" + bytes([len(value)]) + value
    data = Event(summary=Summary(value=[Summary.Value(tag="old", simple_value=1)])).SerializeToString()
    data += b"\x2a" + bytes([len(summary)]) + summary + Event(step=3).SerializeToString()
    path = tmp_path / "file"
    path.write_bytes(oracle.frame(data))
    (event,) = oracle.load(path)
    assert [one.tag for one in event.summary.value] == ["old", "new"]
    assert event.summary.value[1].tensor.dtype == 1
    scalars = reader.read_scalars(path)
    assert {tag: (one.step.tolist(), one.value.tolist()) for tag, one in scalars.items()} == {
        "old": ([3], [1.0]),
        "new": ([3], [2.5]),
    }


def test_a_message_is_made_of_its_bytes():
    data = EVENT.SerializeToString()
    assert messages.Event(data).step == messages.Event(data=data).step == 7
    assert messages.Event().step == 0
    for arguments, keywords in (((data, data), {}), ((data,), {"data": data}), ((), {"other": data})):
        with pytest.raises(TypeError):
            messages.Event(*arguments, **keywords)


def test_a_name_that_is_made_at_run_time_finds_a_field():
    event = messages.Event(EVENT.SerializeToString())
    assert getattr(event, "step ".strip()) == 7
    with pytest.raises(AttributeError, match=r"'tickertape.reader.Event' object has no attribute 'stepp'"):
        _ = event.stepp
    assert event.HasField("step")
