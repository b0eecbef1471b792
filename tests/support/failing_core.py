"""Calls of every entry of the native module with an object whose methods raise, for each argument.

Run as a script (error, file) it makes the calls of one error and writes those that ended in another way than they may
into the file, one a line.
"""

import functools
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from tickertape import _core

from support import failing_objects


def entries():
    """The qualified name of everything in the native module that takes arguments, or none."""
    found = []
    for name, value in vars(_core).items():
        if isinstance(value, type):
            if not issubclass(value, BaseException):
                found.append(name)
            found += [
                f"{name}.{method}"
                for method, member in vars(value).items()
                if callable(member) and (not method.startswith("_") or method == "_bind")
            ]
        elif callable(value):
            found.append(name)
    return found


def messages():
    """The classes of protobuf's messages."""
    return [
        value for value in vars(_core).values() if isinstance(value, type) and hasattr(value, "WhichOneof")
    ]


class Base(_core.SummaryWriterBase):
    """With the method of the subclass that flush() calls."""

    def _flush(self, wait):
        """Has nothing to do."""


def valid_arguments(directory):
    """Entry to arguments that it takes; those of a method come behind an object that has it."""
    writer = _core.EventFileWriter(str(directory))
    base = Base()
    base._bind(writer)
    copy = _core.DeviceCopy(None, "manual")
    number = np.zeros(2)
    pixels = np.zeros((3, 4, 4))
    file = writer.path
    (index,) = _core.scan_files([file])
    edges = (0.0, 1.0, 2.0, 1.0, 1.0, np.ones(1), np.ones(1))
    at = (0, 0.0)
    scalar = ("a", 1.0, 0, 0.0, False, False, "", "")
    histogram = ("a", number, "float64", None, None, *at)
    calls = {
        "fork_directory": (str(directory),),
        "EventFileWriter": (str(directory), ""),
        "EventFileWriter.set_size_limit": (writer, 1 << 40),
        "EventFileWriter.add_scalar": (writer, *scalar),
        "EventFileWriter.log": (writer, {"a": 1.0}, *at),
        "EventFileWriter.add_histogram": (writer, *histogram, None),
        "EventFileWriter.add_histogram_counts": (writer, "a", np.zeros(1556), None, *at, None),
        "EventFileWriter.add_histogram_raw": (writer, "a", *edges, *at),
        "EventFileWriter.add_pr_curve": (writer, "a", number, number, 5, None, *at, None),
        "EventFileWriter.add_image": (writer, "a", pixels, "float64", "CHW", *at, None),
        "EventFileWriter.add_encoded_image": (writer, "a", b"image", 1, 1, 3, *at),
        "EventFileWriter.add_video": (writer, "a", np.zeros((1, 2, 3, 4, 4)), "float64", 4.0, *at, None),
        "EventFileWriter.add_audio": (writer, "a", np.zeros((4, 1)), "float64", 44100, *at, None),
        "EventFileWriter.add_tensor": (writer, "a", number, "float64", (2,), "", b"", *at, "", "", 0, None),
        "EventFileWriter.add_summary": (writer, b"", *at),
        "EventFileWriter.add_event": (writer, b""),
        "EventFileWriter.flush": (writer, False),
        "EventFileWriter.sync": (writer,),
        "EventFileWriter.close": (_core.EventFileWriter(str(directory / "closed")),),
        "SummaryWriterBase": (),
        "SummaryWriterBase._bind": (base, writer),
        "SummaryWriterBase.add_scalar": (base, *scalar),
        "SummaryWriterBase.log": (base, {"a": 1.0}, *at),
        "SummaryWriterBase.flush": (base, False),
        "put_fast_methods": (_core.SummaryWriterBase,),
        "set_admit_hook": (lambda *_: None,),
        "enter_gated_block": (),
        "leave_gated_block": (),
        "set_default_step": (None,),
        "default_step": (),
        "stats": (),
        "shutdown": (False,),
        "InPlace": (None,),
        "DeviceCopy": (None, "manual", 0, 0),
        "DeviceCopy.scalar": (copy, number.ctypes.data, "float64"),
        "DeviceCopy.scalars": (copy, number.ctypes.data, "float64", 2),
        "DeviceCopy.complete": (copy,),
        "DeviceCopy.fail": (_core.DeviceCopy(None, "manual"), "why"),
        "DeferredScalar": (),
        "open_device": ("abacus", 0),
        "set_device_tensors": ((), {}, len, len),
        "deferred_scalars": ([1.0], ["name"]),
        "take_done": (),
        "set_device_hooks": (None, None, None),
        "RecordReader": (file, 0),
        "FileIndex": (),
        "FileIndex.without_rows": (index,),
        "Series": (),
        "scan_files": ([file],),
        "read_record": (file, 0, 1),
        "live_series": ([index], "all"),
        "join_columns": (index.series, [None], "step"),
        "latest": (index.series, [None]),
        "record_span": (file, 0, 1 << 20),
        "leave_notice": ("text",),
        "event_folders": (str(directory),),
        "is_event_file": ("events.out.tfevents.1",),
        "extremes": (number, 1),
        "scalars_response": ([("run", [("a", np.zeros(2, np.int64), number, number)])], 1),
        "ArrowStream": ([("a", "l", None)], [(1, [[None, np.zeros(1, np.int64)]])]),
        "crc32c": (b"text",),
        "masked_crc32c": (b"text",),
        "disable_cpu_features": ("",),
        "discard_ring": ("no ring",),
        "recover": (str(directory), True),
        "damaged_rings": (),
        "passed_over_rings": (),
        "ring_directories": (),
        "histogram": (number, "float64", None, None),
        "pr_curve": (number, number, 5, None),
        "encode_png": (np.zeros((4, 4, 3), np.uint8),),
        "encode_gif": (np.zeros((2, 4, 4, 3), np.uint8), 4.0),
        "encode_wav": (np.zeros((4, 1)), "float64", 44100),
        "make_grid": (pixels[None], "float64", "NCHW"),
        "make_scaled_grid": (pixels[None], "float64", "NCHW", 1.0),
        "make_pixels": (pixels, "float64", "CHW"),
        **dict.fromkeys(("to_step", "to_wall_time", "to_real", "to_scalar", "to_flag"), (1.0, "name")),
        "to_text": ("text", "name"),
        "items_of": ({"a": 1}, "name"),
        "integers_to_bytes": (np.zeros(2, np.int64), "name"),
        **dict.fromkeys(("text_of", "repr_of", "type_name", "host_array"), (1.0,)),
    }
    for message in messages():
        calls[message.__name__] = (b"",)
        calls[f"{message.__name__}.HasField"] = (message(), "step")
        calls[f"{message.__name__}.WhichOneof"] = (message(), "what")
        calls[f"{message.__name__}.SerializeToString"] = (message(),)
    return calls


# What keeps an argument: a call with the valid ones comes behind.
SETTERS = (
    "EventFileWriter.set_size_limit",
    "SummaryWriterBase._bind",
    "set_admit_hook",
    "set_device_hooks",
    "set_device_tensors",
    "set_default_step",
)
INVERSE = {"leave_gated_block": _core.enter_gated_block, "enter_gated_block": _core.leave_gated_block}
OPTIONS = {"scan_files": ("previous", "tag_filter", "kinds", "steps", "threads", "progress")}


def _fits(raised, error):
    """Not a SystemError, nor what only a failure of the wrapper would be."""
    return type(raised) is type(error()) or isinstance(
        raised, (TypeError, ValueError, OSError, RecursionError, OverflowError, MemoryError)
    )


def _calls(error, name, function, valid):
    """(what, call) for each object for each argument, and with one argument too many."""
    for kind, bad in failing_objects.objects(error).items():
        for at in range(len(valid) + 1):
            for value in (bad, [bad], {"k": bad}):
                yield (
                    f"argument {at}: {kind}",
                    functools.partial(function, *valid[:at], value, *valid[at + 1 :]),
                )
        for option in OPTIONS.get(name, ()):
            yield f"{option}={kind}", functools.partial(function, *valid, **{option: bad})


def try_entries(error, say, directory):
    """Every entry of the module."""
    for name, valid in valid_arguments(directory).items():
        function = functools.reduce(getattr, name.split("."), _core)
        for what, call in _calls(error, name, function, valid):
            try:
                call()
            except BaseException as raised:  # noqa: BLE001  # KeyboardInterrupt too: the objects raise it
                is_over = name == "DeviceCopy.fail" and isinstance(
                    raised, RuntimeError
                )  # one call of it is valid
                if not is_over and not _fits(raised, error):
                    say(f"{name}({what}): {type(raised).__name__}: {failing_objects._text(raised)}")
            else:
                INVERSE.get(name, lambda: None)()
            if name in SETTERS:
                function(*valid)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with Path(sys.argv[2]).open("w", encoding="ascii") as report:
        try_entries(
            failing_objects.ERRORS[sys.argv[1]],
            lambda line: report.write(ascii(line) + "\n"),
            Path(tempfile.mkdtemp()),
        )
        report.write("survived\n")
