"""Objects whose every special method raises, and calls of every public method with such an object for each argument.

Run as a script (error, file) it makes the calls of one error and writes those that ended in another way than they may
into the file, one a line.
"""

import inspect
import os
import re
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
import tickertape
from matplotlib.figure import Figure
from tensorboard.compat.proto.config_pb2 import RunMetadata
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tickertape.writer import FileWriter, SummaryWriter

torch = pytest.importorskip("torch")

MARK = "raised by the object"


class Unprintable(ValueError):
    """Its text cannot be had."""

    def __str__(self):
        raise RuntimeError(MARK + " in __str__")

    __repr__ = __str__


class Own(Exception):
    """Neither a TypeError nor a ValueError."""


ERRORS = {
    "type": lambda: TypeError(MARK),
    "value": lambda: ValueError(MARK),
    "runtime": lambda: RuntimeError(MARK),
    "attribute": lambda: AttributeError(MARK),
    "own": lambda: Own(MARK),
    "no text": ValueError,
    "surrogate": lambda: ValueError(MARK + "\ud800"),
    "surrogate in type": lambda: TypeError("\udfff"),
    "unprintable": Unprintable,
    "memory": MemoryError,
    "interrupt": lambda: KeyboardInterrupt(MARK),
    "recursion": lambda: RecursionError(MARK),
}
# Every special method that a conversion may call, and the methods by which arrays, mappings and tensors are recognised.
SPECIAL = [
    "__abs__",
    "__array__",
    "__array_interface__",
    "__bool__",
    "__bytes__",
    "__call__",
    "__complex__",
    "__contains__",
    "__dlpack__",
    "__dlpack_device__",
    "__eq__",
    "__float__",
    "__format__",
    "__fspath__",
    "__ge__",
    "__getitem__",
    "__gt__",
    "__hash__",
    "__index__",
    "__int__",
    "__iter__",
    "__le__",
    "__len__",
    "__lt__",
    "__ne__",
    "__next__",
    "__repr__",
    "__reversed__",
    "__round__",
    "__str__",
    "__trunc__",
]
NAMED = (
    "SerializeToString",
    "cpu",
    "detach",
    "dtype",
    "encode",
    "item",
    "items",
    "keys",
    "numpy",
    "shape",
    "values",
)


def _raising(error):
    def method(*_arguments, **_options):
        raise error()

    return method


def objects(error):
    """Name to an object that raises `error()` whatever is asked of it, or only by some of its methods."""
    raising = _raising(error)
    special = dict.fromkeys(SPECIAL, raising)
    shown = {"__str__": raising, "__repr__": raising, "__format__": raising}
    named = dict.fromkeys(NAMED, raising)
    properties = {name: property(raising) for name in NAMED}
    counted = {**special, "__hash__": object.__hash__, "__bool__": lambda self: True}
    endless_list: list = [1.0]
    endless_list.append(endless_list)
    endless_dict: dict = {"number": 1.0}
    endless_dict["itself"] = endless_dict
    inside = np.empty(1, object)
    inside[0] = type("Inside", (), special)()
    return {
        "everything": type("Everything", (), {**special, **named})(),
        "attributes": type("Attributes", (), {**special, **properties, "__getattr__": raising})(),
        "methods": type("Methods", (), named)(),
        "numbers": type("Numbers", (), dict.fromkeys(("__float__", "__index__", "__int__"), raising))(),
        "text": type("Text", (str,), shown)("text"),
        "strange text": type("StrangeText", (str,), {**counted, "encode": raising})("text"),
        "surrogates": type("Surrogates", (str,), shown)("\ud800"),
        "int": type("Int", (int,), {**special, "__hash__": int.__hash__})(3),
        "float": type("Float", (float,), {**special, "__hash__": float.__hash__})(1e39),
        "dict": type("Dict", (dict,), {**counted, **named})(a=1),
        "list": type("List", (list,), counted)([1, 2]),
        "array": np.arange(4.0).view(type("Array", (np.ndarray,), shown)),
        "objects": inside,
        "endless list": endless_list,
        "endless dict": endless_dict,
    }


def calls(directory):
    """Method to arguments that it takes. Arguments that are left out here have their defaults."""
    rows = [[0.5]] * 6
    curve = dict(zip(("labels", "predictions"), ([0, 1], [0.2, 0.7]), strict=True))
    names = ("true_positive_counts", "false_positive_counts", "true_negative_counts", "false_negative_counts")
    return {
        "add_scalar": {"tag": "a", "scalar_value": 1.0},
        "add_scalars": {"main_tag": "a", "tag_scalar_dict": {"b": 1.0}},
        "log": {"values": {"a": 1.0, "b": {"c": 2.0}}},
        "add_histogram": {"tag": "a", "values": [1.0, 2.0]},
        "add_histogram_raw": {
            "tag": "a", "min": 0, "max": 1, "num": 2, "sum": 1, "sum_squares": 1,
            "bucket_limits": [1.0], "bucket_counts": [2.0],
        },
        "add_image": {"tag": "a", "img_tensor": np.zeros((3, 4, 4))},
        "add_images": {"tag": "a", "img_tensor": np.zeros((1, 3, 4, 4))},
        "add_image_with_boxes": {"tag": "a", "img_tensor": np.zeros((3, 4, 4)), "box_tensor": [[0, 0, 2, 2]]},
        "add_video": {"tag": "a", "vid_tensor": np.zeros((1, 2, 3, 4, 4))},
        "add_audio": {"tag": "a", "snd_tensor": np.zeros(4)},
        "add_text": {"tag": "a", "text_string": "b"},
        "add_tensor": {"tag": "a", "tensor": [1.0]},
        "write": {"tag": "a", "tensor": [1.0], "metadata": "plugin"},
        "add_pr_curve": {"tag": "a", **curve},
        "add_pr_curve_raw": {"tag": "a", **dict(zip((*names, "precision", "recall"), rows, strict=True))},
        "add_hparams": {"hparam_dict": {"a": 1}, "metric_dict": {"b": 1}, "run_name": None},
        "add_mesh": {"tag": "a", "vertices": np.zeros((1, 3, 3))},
        "add_custom_scalars": {"layout": {"a": {"b": ["Multiline", ["c"]]}}},
        "add_custom_scalars_multilinechart": {"tags": ["a"]},
        "add_custom_scalars_marginchart": {"tags": ["a", "b", "c"]},
        "add_embedding": {"mat": np.zeros((2, 2)), "metadata": ["a", "b"]},
        "add_figure": {"tag": "a", "figure": Figure(figsize=(0.1, 0.1))},
        "add_graph": {"model": torch.nn.Linear(1, 1), "input_to_model": torch.zeros(1, 1)},
        "add_onnx_graph": {"prototxt": "no file"},
        "add_openvino_graph": {"xmlname": "no file"},
        "export_scalars_to_json": {"path": str(directory / "scalars.json")},
        "use_metadata": {},
        "restart": {},
        "flush": {},
    }  # fmt: skip


# Methods that take long: each argument once, and not inside other things.
SLOW = ("add_figure", "add_graph")
# A path may be one where there is no file.
PATHS = ("log_dir", "path", "prototxt", "xmlname", "run_name", "filename_suffix", "comment")


# Arguments that an error may name otherwise: by the part of a pair that is wrong.
OTHER_NAMES = {
    "metadata_header": "metadata_header|metadata",
    "category": "category|layout",
    "title": "title|layout",
    "step": "step|global_step",
    "name": "run_name|name",
    "labels": "labels|box_tensor",
}


def _inside(value, valid):
    """`value` in the argument's place, and inside whatever `valid` is."""
    yield "", value
    yield "in a list", [value]
    yield "in a tuple", (value, 1)
    if isinstance(valid, dict):
        for key in valid:
            yield "in a dict", {**valid, key: value}
            if isinstance(valid[key], dict):
                yield "in two dicts", {**valid, key: {"k": value}}
        yield "in a dict", {"k": [value]}
        try:
            yield "as a key", {value: 1}
        except BaseException:  # noqa: BLE001  # whatever hashing raises
            return


def _fits(error, raised, argument):
    """True if `raised` is what the object raised, or an error that names the argument."""
    if type(raised) is type(error()) and str(raised.args) == str(error().args):
        return True
    if isinstance(raised, RecursionError) and not _text(raised).startswith(MARK):  # of the endless ones
        return True
    if argument in PATHS and isinstance(raised, OSError):
        return True
    if (
        argument == "input_to_model" and type(raised) is RuntimeError
    ):  # torch's reasons, of two ways to capture
        return _text(raised).startswith(
            (
                "model: expected a model that torch can capture",
                "input_to_model: expected arguments with which",
            )
        )
    named = re.search(rf"(?<![a-z_])({OTHER_NAMES.get(argument, argument)})(?![a-z_])", _text(raised))
    return isinstance(raised, (TypeError, ValueError)) and named is not None


def _text(raised):
    try:
        return str(raised)
    except BaseException:  # noqa: BLE001  # of an error that cannot be shown
        return ""


def _try(say, error, what, argument, call):
    try:
        call()
    except BaseException as raised:  # noqa: BLE001  # KeyboardInterrupt too: the objects raise it
        if not _fits(error, raised, argument):
            say(f"{what}: {type(raised).__name__}: {_text(raised)}")


def _try_method(error, say, method, valid):
    name = method.__qualname__
    for argument in dict.fromkeys([*valid, *inspect.signature(method).parameters]):
        for kind, bad in objects(error).items():
            is_slow = method.__name__ in SLOW
            for place, value in [("", bad)] if is_slow else _inside(bad, valid.get(argument)):
                options = {**valid, argument: value}
                enter = (
                    method.__name__ == "use_metadata"
                )  # a context manager: does nothing before it is entered
                call = (lambda: method(**options).__enter__()) if enter else (lambda: method(**options))  # noqa: B023
                _try(say, error, f"{name}({argument}={kind} {place})", argument, call)


def _make_writer(directory, **options):
    SummaryWriter(**{"log_dir": directory, **options}).close()


def try_methods(error, say, directory):
    """Every method of SummaryWriter and FileWriter, and their constructors."""
    os.chdir(directory)
    writer = SummaryWriter(directory / "run")
    for method, valid in calls(directory).items():
        _try_method(error, say, getattr(writer, method), valid)
    for argument in (
        "log_dir",
        "comment",
        "purge_step",
        "filename_suffix",
        "write_to_disk",
        "on_full",
        "on_error",
    ):
        for kind, bad in objects(error).items():
            options = {"log_dir": None} if argument == "comment" else {}
            call = lambda: _make_writer(directory / "other", **{**options, argument: bad})  # noqa: B023, E731
            _try(say, error, f"SummaryWriter({argument}={kind})", argument, call)
    files = FileWriter(str(directory / "files"))
    _try_method(error, say, files.add_event, {"event": Event(step=1)})
    _try_method(error, say, files.add_summary, {"summary": b""})
    _try_method(error, say, files.add_graph, {"graph_profile": (GraphDef(), RunMetadata())})
    files.close()
    writer.add_scalar("after", 1.0, 7)
    writer.close()
    steps = [
        tickertape.read_scalars(path).get("after", [[]])[0] for path in (directory / "run").glob("events*")
    ]
    assert [list(found) for found in steps if len(found)] == [[7]], steps


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with Path(sys.argv[2]).open("w", encoding="ascii") as report:
        try_methods(
            ERRORS[sys.argv[1]], lambda line: report.write(ascii(line) + "\n"), Path(tempfile.mkdtemp())
        )
        report.write("survived\n")
