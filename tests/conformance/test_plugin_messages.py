"""Fuzzes what decodes the values of plugins: mutated values of real files cost themselves alone, in bounded memory.

Seeds are the values of the golden files of TensorFlow, and what was found: one Summary.Value a file in
tests/fuzz/corpus/plugin_messages. HYPOTHESIS_PROFILE=deep tries 3,000 mutations of each kind.
"""

import warnings
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from support import index_oracle, oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import plugin_data_pb2 as hparams_pb2
from tensorboard.plugins.mesh import plugin_data_pb2 as mesh_pb2
from tensorboard.util import tensor_util
from tickertape import _core
from tickertape.reader import decode, wire
from tickertape.reader.rows import ROWS

TESTS = Path(__file__).parents[1]
FOUND = TESTS / "fuzz" / "corpus" / "plugin_messages"
MOST_BYTES = 1 << 28  # of what one value decodes to, if it says that one element stands for many


def seeds():
    """One value of each tag of the golden files, and what was found."""
    values = {}
    for path in sorted((TESTS / "golden" / "events").rglob("*tfevents*")):
        for event in oracle.load(path):
            for value in event.summary.value:
                values.setdefault((path.name, value.tag), value.SerializeToString())
    return sorted({*values.values(), *(path.read_bytes() for path in FOUND.iterdir())})


SEEDS = seeds()


@st.composite
def mutated(draw, inputs=SEEDS):
    """An input in which bytes are changed, left out, repeated or taken from another one."""
    data = bytearray(draw(st.sampled_from(inputs)))
    for _ in range(draw(st.integers(0, 4))):
        at, size = draw(st.integers(0, len(data))), draw(st.integers(0, 16))
        what = draw(st.sampled_from(["set", "flip", "cut", "repeat", "insert", "splice"]))
        if what == "set" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif what == "flip" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif what == "cut":
            del data[at : at + size]
        elif what == "repeat":
            data[at:at] = data[at : at + size]
        elif what == "insert":
            data[at:at] = draw(st.binary(max_size=10))
        else:
            other = draw(st.sampled_from(inputs))
            data[at:] = other[draw(st.integers(0, len(other))) :]
    return bytes(data)


def row_of(kind, data):
    """A row as a table makes it, of a value that is in no file."""
    row = ROWS[kind]("run", "tag", 0, 0.0, "file", ("file", 0, 0, 0), b"")
    row.value = _core.Value(data)
    row.metadata = row.value.metadata
    return row


def asked(row, name):
    """What an attribute is, or None: it raised ValueError."""
    try:
        return getattr(row, name)
    except ValueError:
        return None


def check_rows(data):
    try:
        Summary.Value.FromString(data)
    except DecodeError:
        with pytest.raises(ValueError, match="at byte"):
            _core.Value(data)
        return
    for kind in ROWS:
        row = row_of(kind, data)
        for name in (*row.columns, "array", "files"):
            if kind == "graphs" and name == "array":
                continue
            found = asked(row, name)
            size = sum(map(len, (content for _, content in found))) if name == "files" and found else 0
            assert (
                max(size, getattr(found, "nbytes", 0), len(found) if isinstance(found, bytes) else 0)
                <= MOST_BYTES
            )


@pytest.mark.parametrize("data", SEEDS, ids=range(len(SEEDS)))
def test_every_seed(data):
    check_rows(data)


@given(mutated())
def test_any_value_in_any_table(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's and NumPy's, of strange pictures and numbers
        check_rows(data)


@given(mutated())
def test_tensors_are_tensorboards(data):
    """What both decode is the same."""
    try:
        proto = Summary.Value.FromString(data).tensor
        ours = decode.tensor(_core.Value(data).tensor)
    except (DecodeError, ValueError):
        return
    if ours.nbytes > MOST_BYTES or ours.size > 1 << 20:
        return
    try:
        theirs = tensor_util.make_ndarray(proto)
    except (TypeError, ValueError, OverflowError):
        return
    assert ours.shape == theirs.shape
    assert repr(ours.tolist()) == repr(theirs.tolist())


@given(st.lists(mutated(), min_size=1, max_size=6))
def test_the_index_of_any_values(tmp_path_factory, values):
    """One value an event; what protobuf refuses is a problem, and costs that event alone."""
    path = tmp_path_factory.mktemp("log") / "file"
    data = [b"\x2a" + _sized(b"\x0a" + _sized(value)) for value in values]
    path.write_bytes(b"".join(map(oracle.frame, data)))
    events = [_event_or_empty(one) for one in data]
    (index,) = _core.scan_files([str(path)])
    assert index.events == len(values)
    assert repr(index_oracle.of_index(index)) == repr(index_oracle.series(events))


def _event_or_empty(data):
    """An event; one without values, which keeps its number, if protobuf refuses it."""
    try:
        return Event.FromString(data)
    except DecodeError:
        return Event()


def _sized(content):
    """Bytes behind their length as a varint."""
    size, out = len(content), bytearray()
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes([*out, size]) + content


def contents(plugin):
    values = [Summary.Value.FromString(seed) for seed in SEEDS if _is_value(seed)]
    return [v.metadata.plugin_data.content for v in values if v.metadata.plugin_data.plugin_name == plugin]


def _is_value(data):
    try:
        Summary.Value.FromString(data)
    except DecodeError:
        return False
    return True


@given(mutated(contents("hparams")))
def test_hyperparameters_are_protobufs(data):
    try:
        ours = wire.hparams(wire.message(wire.fields(data), 3))
    except ValueError:
        return
    try:
        theirs = hparams_pb2.HParamsPluginData.FromString(data)
    except DecodeError:
        return
    if theirs.SerializeToString(deterministic=True) != data:
        return  # fields that are there twice, or unknown ones: no writer's
    found = theirs.session_start_info.hparams
    expected = {name: getattr(value, value.WhichOneof("kind") or "_", None) for name, value in found.items()}
    assert repr(dict(sorted(ours.items()))) == repr(dict(sorted(expected.items())))


@given(mutated(contents("mesh")))
def test_meshes_are_protobufs(data):
    try:
        ours = decode.mesh(data)
        theirs = mesh_pb2.MeshPluginData.FromString(data)
    except (DecodeError, ValueError):
        return
    if theirs.SerializeToString(deterministic=True) == data:
        parts = {1: "vertices", 2: "faces", 3: "colors"}
        assert ours == (theirs.name, parts.get(theirs.content_type, ""))


def test_one_element_that_stands_for_too_many():
    """A shape in 20 bytes asks for no terabytes: in the table of texts it would also take hours."""
    for dtype, field, one in ((1, "float_val", [1.0]), (7, "string_val", [b"x"])):
        value = Summary.Value(tag="a")
        value.tensor.dtype = dtype
        getattr(value.tensor, field).extend(one)
        for size in (1 << 20, 1 << 20):
            value.tensor.tensor_shape.dim.add(size=size)
        for kind in ("tensors", "text", "histograms", "pr_curves", "images", "audio", "meshes"):
            row = row_of(kind, value.SerializeToString())
            assert np.prod(np.shape(asked(row, "array") if kind != "images" else 0)) <= 1
