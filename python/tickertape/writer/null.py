"""write_to_disk=False: a file writer that checks what it is given as the real one does, and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tickertape import _core
from tickertape.convert import check, deferred, protobuf, scalars
from tickertape.writer import gate
from tickertape.writer.file_writer import FileWriter


class NullFileWriter(FileWriter):
    """A FileWriter without a file; not even its directory is made."""

    def _open(self, purge_step: int | None, is_patient: bool = False) -> None:  # noqa: ARG002  # no disk to wait for
        if purge_step is not None:
            check.step(purge_step, "purge_step")
        null: Any = NullEventWriter(self._log_dir)
        self.event_writer = self.op_writer = null
        self._front = self._messages = None
        gate.take_over_native_methods()  # add_scalar, log and flush cannot be bound to what is not native


class NullEventWriter:
    """Has the methods of the native writer; each checks what the core would and drops it."""

    def __init__(self, log_dir: str) -> None:
        self.log_dir = self._logdir = log_dir
        self.path = self._file_name = ""
        self.closed = False

    def get_logdir(self) -> str:
        """The directory that would have the event file."""
        return self.log_dir

    def add_scalar(
        self,
        tag: Any,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        new_style: Any = False,  # noqa: ARG002
        double_precision: Any = False,  # noqa: ARG002
        display_name: Any = "",
        summary_description: Any = "",
    ) -> None:
        """Checks a scalar."""
        _check_place(tag, global_step, walltime)
        scalars.check_scalar(scalar_value, "scalar_value")
        check.string(display_name, "display_name")
        check.string(summary_description, "summary_description")

    def log(self, values: Any, global_step: Any = None, walltime: Any = None) -> None:
        """Checks many scalars."""
        _check_place("", global_step, walltime)
        if not isinstance(values, Mapping):
            raise TypeError(f"values: expected a dict, got {check.type_name(values)}")
        if _count_checked(values, "") == 0:
            raise ValueError("values: expected at least one number, got none")

    def add_summary(self, summary: Any, global_step: Any = None, walltime: Any = None) -> None:
        """Checks a Summary."""
        protobuf.serialised(summary, "summary")
        _check_place("", global_step, walltime)

    def add_event(self, event: Any) -> None:
        """Checks an Event."""
        protobuf.check_event(protobuf.serialised(event, "event"), "event", "an Event")

    def flush(self, wait: bool = False) -> None:
        """Nothing is queued."""

    def sync(self) -> None:
        """Nothing is queued."""

    def close(self) -> None:
        """There is no file."""
        self.closed = True

    def __getattr__(self, name: str) -> Any:
        """The other add_*: their values have been checked before they come here, or are checked by the codecs."""
        native = getattr(_core.EventFileWriter, name, None)
        if not name.startswith("add_") or native is None:
            raise AttributeError(f"NullEventWriter has no attribute {name!r}")
        return _Checked(name)


class _Checked:
    """One of the native add_*, whose arguments end with step and wall time (and words for a tensor)."""

    # How many arguments stand between the tag and global_step: python/tickertape/_core.pyi.
    _BEFORE_STEP: ClassVar = {
        "add_histogram": 4,
        "add_histogram_counts": 2,
        "add_histogram_raw": 7,
        "add_pr_curve": 4,
        "add_image": 3,
        "add_encoded_image": 4,
        "add_video": 3,
        "add_audio": 3,
        "add_tensor": 5,
    }

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, tag: Any, *args: Any, late: Any = None, **_words: Any) -> None:
        before = self._BEFORE_STEP[self._name]
        _check_place(tag, *args[before : before + 2])
        if not deferred.is_readable(late):
            return
        if self._name == "add_histogram":
            _core.histogram(*args[:4])
        elif self._name == "add_pr_curve":
            _core.pr_curve(*args[:4])
            if not np.all(np.isfinite(args[0])):
                raise ValueError("labels: expected finite numbers, got NaN or infinity")
            if not np.all((args[1] >= 0) & (args[1] <= 1)):
                raise ValueError("predictions: expected probabilities from 0 to 1")


def _check_place(tag: Any, global_step: Any = None, walltime: Any = None) -> None:
    check.string(tag, "tag")
    check.step(global_step)
    check.walltime(walltime)


def _count_checked(values: Mapping[Any, Any], prefix: str) -> int:
    count = 0
    for key, value in values.items():
        tag = prefix + check.string(key, "values (a key)")
        if isinstance(value, Mapping):
            count += _count_checked(value, tag + "/")
        else:
            scalars.check_scalar(value, f"values[{tag!r}]")
            count += 1
    return count
