"""The bytes themselves: what a record and an Event look like, checked against protobuf's own encoder."""

import math

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given
from hypothesis import strategies as st
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData
from tickertape.convert import protobuf
from tickertape.writer import SummaryWriter


def only_record(tmp_path, call):
    """The bytes of the event that `call` writes."""
    with SummaryWriter(tmp_path) as writer:
        call(writer)
    path = max(oracle.event_files(tmp_path), key=lambda file: int(file.name.rsplit(".", 1)[1]))
    _, record = oracle.raw_records(path)
    return record


def metadata(plugin, content=b""):
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin, content=content))


def event(value, step=0, wall_time=0.0):
    return Event(wall_time=wall_time, step=step, summary=Summary(value=[value]))


def shape(*sizes):
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])


def test_zero_scalar_of_step_zero_at_time_zero(tmp_path):
    record = only_record(tmp_path, lambda writer: writer.add_scalar("a", 0.0, 0, walltime=0))
    assert record.hex() == "2a0a0a080a01611500000000"


CASES = {
    "scalar": (
        lambda writer: writer.add_scalar("loss", 1.5, 300, 2.5),
        event(Summary.Value(tag="loss", simple_value=1.5), 300, 2.5),
    ),
    "negative step": (
        lambda writer: writer.add_scalar("loss", -0.0, -1, -2.5),
        event(Summary.Value(tag="loss", simple_value=-0.0), -1, -2.5),
    ),
    "greatest step": (
        lambda writer: writer.add_scalar("täg/", float("inf"), 2**63 - 1, 1e300),
        event(Summary.Value(tag="täg/", simple_value=float("inf")), 2**63 - 1, 1e300),
    ),
    "empty tag": (
        lambda writer: writer.add_scalar("", 1, None, 1),
        event(Summary.Value(tag="", simple_value=1), 0, 1),
    ),
    "new style": (
        lambda writer: writer.add_scalar("a", 0.1, 1, 1, new_style=True),
        event(
            Summary.Value(
                tag="a", tensor=TensorProto(dtype="DT_FLOAT", float_val=[0.1]), metadata=metadata("scalars")
            ),
            1,
            1,
        ),
    ),
    "double precision": (
        lambda writer: writer.add_scalar("a", 0.1, 1, 1, True, True),
        event(
            Summary.Value(
                tag="a", tensor=TensorProto(dtype="DT_DOUBLE", double_val=[0.1]), metadata=metadata("scalars")
            ),
            1,
            1,
        ),
    ),
    "double precision alone": (
        lambda writer: writer.add_scalar("a", 0.1, 1, 1, double_precision=True),
        event(Summary.Value(tag="a", simple_value=0.1), 1, 1),
    ),
    "described": (
        lambda writer: writer.add_scalar("a", 1, 1, 1, display_name="A", summary_description="first"),
        event(
            Summary.Value(
                tag="a",
                simple_value=1,
                metadata=SummaryMetadata(display_name="A", summary_description="first"),
            ),
            1,
            1,
        ),
    ),
    "text": (
        lambda writer: writer.add_text("t", "**ü**", 2, 3),
        event(
            Summary.Value(
                tag="t/text_summary",
                metadata=metadata("text"),
                tensor=TensorProto(dtype="DT_STRING", string_val=["**ü**".encode()], tensor_shape=shape(1)),
            ),
            2,
            3,
        ),
    ),
    "histogram_raw": (
        lambda writer: writer.add_histogram_raw("h", 0, 2.5, 4, 5, 6, [1, 2, 3], [1, 0, 3], 2, 3),
        event(
            Summary.Value(
                tag="h",
                histo=HistogramProto(
                    min=0, max=2.5, num=4, sum=5, sum_squares=6, bucket_limit=[1, 2, 3], bucket=[1, 0, 3]
                ),
            ),
            2,
            3,
        ),
    ),
    "pr_curve_raw": (
        lambda writer: writer.add_pr_curve_raw(
            "p", [1, 0], [2, 0], [0, 3], [0, 4], [0.5, 0], [1, 0.25], 2, 2, walltime=3
        ),
        event(
            Summary.Value(
                tag="p",
                metadata=metadata("pr_curves", PrCurvePluginData(num_thresholds=2).SerializeToString()),
                tensor=TensorProto(
                    dtype="DT_FLOAT",
                    float_val=[1, 0, 2, 0, 0, 3, 0, 4, 0.5, 0, 1, 0.25],
                    tensor_shape=shape(6, 2),
                ),
            ),
            2,
            3,
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_byte_for_byte_as_protobuf(tmp_path, case):
    call, expected = CASES[case]
    assert only_record(tmp_path, call).hex() == expected.SerializeToString(deterministic=True).hex()


def test_float32_overflow_is_infinity(tmp_path):
    with pytest.warns(RuntimeWarning, match="got 1e\\+39 of 'a' at step 0"):
        record = only_record(tmp_path, lambda writer: writer.add_scalar("a", 1e39, 0, 0))
    assert Event.FromString(record).summary.value[0].simple_value == math.inf


@given(
    tag=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    value=st.floats(width=32),
    step=st.integers(-(2**63), 2**63 - 1),
    walltime=st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_scalar_byte_for_byte(tmp_path_factory, tag, value, step, walltime):
    record = only_record(
        tmp_path_factory.mktemp("run"), lambda writer: writer.add_scalar(tag, value, step, walltime)
    )
    assert record == event(Summary.Value(tag=tag, simple_value=value), step, walltime).SerializeToString()


@given(st.integers(-(2**63), 2**64 - 1))
def test_varint_round_trip(value):
    data = protobuf.varint(value)
    assert (
        data == TensorShapeProto.Dim(size=(value + 2**63) % 2**64 - 2**63).SerializeToString()[1:]
        or value % 2**64 == 0
    )


@given(st.integers(1, 2**29 - 1), st.binary(max_size=300), st.integers(0, 2**64 - 1))
def test_fields_round_trip(number, data, value):
    message = protobuf.bytes_field(number, data) + protobuf.int_field(number, value)
    expected = [(number, protobuf.BYTES, data)] + [(number, protobuf.VARINT, value)] * bool(value)
    found = UnknownFieldSet(Empty.FromString(message))
    assert [(field.field_number, field.wire_type, field.data) for field in found] == expected
