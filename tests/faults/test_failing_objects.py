"""Whatever a caller's object raises, and however its error looks: the process lives, and the caller gets that error or one
that names the argument."""

import collections.abc
import contextlib
import os
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from support import failing_core, failing_objects, oracle
from tickertape import _core

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["failing_objects", "failing_core"])
@pytest.mark.parametrize("error", failing_objects.ERRORS)
def test_every_argument_of_every_method(tmp_path, error, module):
    """Of the package's methods, and of every entry of the native module."""
    done = subprocess.run(
        [sys.executable, "-m", f"support.{module}", error, str(tmp_path / "report")],
        capture_output=True,
        text=True,
        timeout=900,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests"), "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    report = (tmp_path / "report").read_text()
    assert report.splitlines() == ["survived"], report[-5000:]


def test_every_entry_of_the_native_module_is_tried(tmp_path):
    assert set(failing_core.entries()) == set(failing_core.valid_arguments(tmp_path))


def test_every_function_for_python_is_made_by_the_wrapper():
    """bindings/support/entry.h alone makes functions that C calls, so that no C++ exception leaves one."""
    for path in (ROOT / "csrc" / "bindings").rglob("*"):
        if path.name in ("entry.h", "module.cc") or path.is_dir():
            continue
        assert not re.search(r"METH_|PyCFunction\b|PyMethodDef \w+\s*[{=] *\{", path.read_text()), path


def angry(error):
    class Angry:
        def __float__(self):
            raise error()

        __index__ = __int__ = item = __float__

    return Angry()


@pytest.mark.parametrize("name", failing_objects.ERRORS)
def test_the_cause_of_an_error_that_names_the_argument(writer, name):
    error = failing_objects.ERRORS[name]
    for arguments, argument in ((("a", angry(error)), "scalar_value"), (("a", 1, angry(error)), "global_step"),
                                (("a", 1, 1, angry(error)), "walltime")):  # fmt: skip
        with pytest.raises(BaseException) as caught:  # noqa: PT011  # any of them; looked at below
            writer.add_scalar(*arguments)
        raised = caught.value
        if type(raised) is type(error()) and raised.__cause__ is None:
            continue
        assert type(raised.__cause__) is type(error())
        assert str(raised).startswith(f"{argument}: expected ")
        str(raised).encode()  # what could not be encoded is escaped


def test_a_tag_whose_repr_fails_in_a_warning(writer):
    class Tag(str):
        __slots__ = ()

        def __repr__(self):
            raise ValueError("\ud800")

    with pytest.warns(RuntimeWarning, match="within float32, got .* of 'tag'"):
        writer.add_scalar(Tag("tag"), 1e39)


def test_dicts_nested_without_end(writer):
    endless = {"number": 1}
    endless["itself"] = endless
    deep = {"number": 1}
    for _ in range(60_000):
        deep = {"deeper": deep}
    limit = sys.getrecursionlimit()
    for values in (endless, deep):
        for new_limit in (limit, 10**6):  # the second would let the C stack overflow
            sys.setrecursionlimit(new_limit)
            try:
                with pytest.raises(RecursionError, match="values"):
                    writer.log(values, 0)
            finally:
                sys.setrecursionlimit(limit)
    writer.log({"a": {"b": {"c": 1}}}, 1)
    writer.close()
    assert oracle.values(writer.log_dir) == [("a/b/c", 1, 1.0)]
    while isinstance(deep, dict):  # freed one after the other
        deep = deep.get("deeper")


class Odd(collections.abc.Mapping):
    """A mapping whose items() are not what they should be."""

    def __init__(self, items):
        self._items = items

    def __getitem__(self, key):
        return 1

    def __len__(self):
        return 1

    def __iter__(self):
        return iter(["a"])

    def items(self):
        return self._items() if callable(self._items) else self._items


def changing():
    values = {"a": 1}
    for key in values:
        values[key + "b"] = 2
        yield key, 1


def no_items():
    raise AttributeError("no items")


ODD = (
    [1],
    ["ab"],
    [b"ab"],
    [("a",)],
    [("a", 1, 2)],
    [None],
    5,
    None,
    changing,
    no_items,
    [(1, 1)],
    [({}, 1)],
)


@pytest.mark.parametrize("number", range(len(ODD)))
def test_odd_mappings(writer, number):
    for method, arguments, name in (
        ("log", (Odd(ODD[number]), 0), "values"),
        ("log", ({"outer": Odd(ODD[number])}, 0), "values"),
        ("add_scalars", ("main", Odd(ODD[number]), 0), "tag_scalar_dict"),
        ("add_hparams", (Odd(ODD[number]), {}), "hparam_dict"),
        ("add_hparams", ({"a": 1}, Odd(ODD[number])), "metric_dict"),
    ):
        with pytest.raises(TypeError, match=name):
            getattr(writer, method)(*arguments)


def test_pairs_that_are_no_tuples(writer):
    writer.log(Odd([["a", 1], iter(("b", 2))]), 3)
    writer.close()
    assert oracle.values(writer.log_dir) == [("a", 3, 1.0), ("b", 3, 2.0)]


def test_a_reader_shared_by_threads(tmp_path):
    """Each record once, in whichever thread; a second caller at the same time gets RuntimeError."""
    records = [bytes([number % 251]) * 5000 for number in range(400)]
    path = tmp_path / "records"
    path.write_bytes(b"".join(map(oracle.frame, records)))
    shared = _core.RecordReader(str(path))
    found, refused = [], []
    begin = threading.Barrier(4)

    def one():
        try:
            found.append(next(shared))
        except RuntimeError as error:
            refused.append(str(error))

    def read():
        begin.wait()
        with contextlib.suppress(StopIteration):
            while True:
                one()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(records)
    assert all("another thread" in text for text in refused)


def test_no_notice_is_lost_when_warnings_are_errors(run_script, tmp_path):
    """Two files that are deleted leave two notices; both are raised."""
    script = """
import os, sys, time, warnings
import tickertape
from tickertape import SummaryWriter
warnings.simplefilter("error")
writers = [SummaryWriter(os.path.join(sys.argv[1], name)) for name in ("one", "two", "three")]
for writer in writers:
    writer.add_scalar("a", 1, 1)
    writer.flush()
for writer in writers:
    os.unlink(writer.file_writer.event_writer.path)
for writer in writers:
    writer.add_scalar("a", 2, 2)
texts = []
end = time.monotonic() + 60
while len(texts) < 3 and time.monotonic() < end:
    try:
        for writer in writers:
            writer.add_scalar("a", 3, 3)
            writer.flush()
    except RuntimeWarning as warning:
        while warning is not None:
            texts.append(str(warning))
            warning = warning.__context__
print(sorted(name for name in ("one", "two", "three") for text in texts if f"/{name}/" in text))
"""
    assert run_script(script, tmp_path).splitlines() == ["['one', 'three', 'two']"]


def test_arguments_of_the_core_that_are_not_native(tmp_path):
    """The core's own functions raise TypeError or ValueError for what the package would have refused before."""
    writer = _core.EventFileWriter(str(tmp_path))
    values = np.zeros(2)
    for bins in (-1, 0, 2**70, "x", [[1]], angry(lambda: ValueError("\ud800"))):
        with pytest.raises((TypeError, ValueError), match="bins"):
            writer.add_histogram("a", values, "float64", bins, None, 0, None)
    for dtype in (5, "\ud800", "complex64"):
        with pytest.raises((TypeError, ValueError), match="dtype"):
            writer.add_histogram("a", values, dtype, None, None, 0, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.close()
