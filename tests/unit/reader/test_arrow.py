"""The native Arrow stream: what pyarrow makes of every format, inputs that contradict themselves, and how long memory lives."""

import gc
import threading

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import tickertape
from support import oracle
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tickertape import _core


def offsets(*values):
    return np.array(values, dtype=np.int64)


FIELDS = [
    ("l", "l", None),
    ("g", "g", None),
    ("i", "i", None),
    ("b", "b", None),
    ("u", "U", None),
    ("z", "Z", None),
    ("lists of numbers", "+Lg", None),
    ("lists of bytes", "+LZ", None),
    ("texts", "dict", ["one", "zwei"]),
]
COLUMNS = [
    [None, np.array([1, -2, 3])],
    [None, np.array([0.5, np.inf, -1.0])],
    [None, np.array([7, 8, 9], dtype=np.int32)],
    [None, np.packbits([True, False, True], bitorder="little")],
    [np.packbits([True, False, True], bitorder="little"), offsets(0, 1, 1, 3), "aü".encode()],
    [None, offsets(0, 0, 2, 3), b"\0\xffz"],
    [None, offsets(0, 2, 2, 3), np.array([1.0, 2.0, 3.0])],
    [None, offsets(0, 1, 1, 3), offsets(0, 1, 1, 3), b"abc"],
    [None, np.array([1, 0, 1], dtype=np.int32)],
]
EXPECTED = {
    "l": [1, -2, 3],
    "g": [0.5, np.inf, -1.0],
    "i": [7, 8, 9],
    "b": [True, False, True],
    "u": ["a", None, "ü"],
    "z": [b"", b"\0\xff", b"z"],
    "lists of numbers": [[1.0, 2.0], [], [3.0]],
    "lists of bytes": [[b"a"], [], [b"", b"bc"]],
    "texts": ["zwei", "one", "zwei"],
}


def test_every_format():
    stream = _core.ArrowStream(
        FIELDS, [(3, COLUMNS), (0, [empty(form) for _, form, _ in FIELDS]), (3, COLUMNS)]
    )
    table = pa.table(stream)
    table.validate(full=True)
    assert table.to_pydict() == {name: values * 2 for name, values in EXPECTED.items()}
    assert pl.DataFrame(stream).to_dict(as_series=False) == {
        name: values * 2 for name, values in EXPECTED.items()
    }


def empty(form):
    parts = {
        "U": [offsets(0), b""],
        "Z": [offsets(0), b""],
        "+Lg": [offsets(0), b""],
        "+LZ": [offsets(0), offsets(0), b""],
    }
    return [None, *parts.get(form, [b""])]


@pytest.mark.parametrize(
    ("fields", "batches"),
    [
        ([("a", "x", None)], []),
        ([("a", "", None)], []),
        ([("a", "+L", None)], []),
        ([("a", "+Lx", None)], []),
        ([("a", "l", None)], [(2, [[None, np.zeros(1)]])]),
        ([("a", "l", None)], [(-1, [[None, b""]])]),
        ([("a", "l", None)], [(1, [])]),
        ([("a", "l", None)], [(9, [[b"\0", np.zeros(9)]])]),  # 9 rows need 2 bytes of validity
        ([("a", "U", None)], [(1, [[None, offsets(0), b""]])]),
        ([("a", "U", None)], [(1, [[None, offsets(0, 5), b"1234"]])]),
        ([("a", "U", None)], [(2, [[None, offsets(0, 3, 2), b"1234"]])]),
        ([("a", "U", None)], [(1, [[None, offsets(-1, 2), b"1234"]])]),
        ([("a", "+Lg", None)], [(1, [[None, offsets(0, 2), np.zeros(1)]])]),
        ([("a", "+LZ", None)], [(1, [[None, offsets(0, 1), offsets(0, 9), b""]])]),
    ],
)
def test_inputs_that_contradict_themselves(fields, batches):
    with pytest.raises(ValueError, match=r"(fields|batches): expected"):
        _core.ArrowStream(fields, batches)


@pytest.mark.parametrize("columns", [[None], [], [None, 3], [None, np.zeros((4, 4))[:, 1]]])
def test_inputs_of_another_type(columns):
    with pytest.raises((IndexError, TypeError, BufferError, ValueError)):
        _core.ArrowStream([("a", "l", None)], [(1, [columns])])


def test_memory_lives_as_long_as_a_consumer_holds_it():
    values = np.arange(1000)
    stream = _core.ArrowStream([("a", "l", None)], [(1000, [[None, values]])])
    column = pa.table(stream).column("a")
    with pytest.raises(ValueError, match="resize"):
        values.resize(2000)  # the array knows that somebody points to it
    del stream
    gc.collect()
    found = []
    thread = threading.Thread(target=lambda one: found.append(sum(one.to_pylist())), args=(column,))
    del column
    thread.start()
    thread.join()
    assert found == [499_500]


def test_children_may_be_taken_and_released_alone():
    stream = _core.ArrowStream(FIELDS, [(3, COLUMNS)])
    for _ in range(50):
        (batch,) = pa.RecordBatchReader.from_stream(stream)
        columns = batch.columns
        del batch
        assert columns[-1].to_pylist() == EXPECTED["texts"]
        del columns[::2]


def test_a_consumer_at_the_end_of_the_process(run_script):
    pytest.importorskip("polars")
    run_script(
        """
import numpy as np, polars, pyarrow, threading
from tickertape import _core
stream = _core.ArrowStream([("a", "l", None)], [(3, [[None, np.arange(3)]])])
frame, table = polars.DataFrame(stream), pyarrow.table(stream)
reader = pyarrow.RecordBatchReader.from_stream(stream)
capsules = [stream.__arrow_c_stream__(), stream.__arrow_c_schema__()]
threading.held = frame, table, reader, capsules
"""
    )


@pytest.mark.filterwarnings("ignore::tickertape.DamageWarning")
def test_tags_that_are_not_utf8(tmp_path):
    """Protobuf refuses such an event; where one is read all the same, every way out must take its tag."""
    value = Summary.Value(tag="good", simple_value=1)
    record = Event(step=1, summary=Summary(value=[value])).SerializeToString()
    path = tmp_path / "run\udcff" / "events.out.tfevents.1.h.1.0"
    path.parent.mkdir()
    path.write_bytes(oracle.frame(record) + oracle.frame(record.replace(b"good", b"b\xff\xfed")))
    table = tickertape.read(tmp_path).scalars
    assert pa.table(table).num_rows == len(pl.DataFrame(table)) == len(table.to_dict()["tag"]) == len(table)
    assert "good" in table.tags
    for form in ("csv", "jsonl", "parquet"):
        assert tickertape.read(tmp_path).export(tmp_path / form, format=form).rows == len(table)
    assert tickertape.read(tmp_path).problems
