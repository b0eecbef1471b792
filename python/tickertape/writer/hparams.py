"""add_hparams: what a run was started with and what came out, for TensorBoard's hparams page."""

from __future__ import annotations

import numbers
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import arrays, check, notices, protobuf, scalars
from tickertape.writer.file_writer import Reopening

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickertape.writer.file_writer import FileWriter

# tensorboard/plugins/hparams/metadata.py
_EXPERIMENT_TAG = "_hparams_/experiment"
_START_TAG = "_hparams_/session_start_info"
_END_TAG = "_hparams_/session_end_info"
_SUCCESS = 1  # tensorboard/plugins/hparams/api.proto, enum Status
_DATA_TYPES = {"text": 1, "bool": 2, "number": 3}  # tensorboard/plugins/hparams/api.proto, enum DataType
_SAME_RUN = "."  # torch's users pass it as run_name to stay in the run's directory


class _Value(NamedTuple):
    """A hyperparameter as google.protobuf.Value holds it."""

    kind: str  # text, bool or number
    value: str | bool | float

    def encoded(self) -> bytes:
        """google/protobuf/struct.proto, Value: number_value 2, string_value 3, bool_value 4, in a oneof."""
        if isinstance(self.value, str):
            return protobuf.text_in_oneof(3, self.value)
        if isinstance(self.value, bool):
            return protobuf.bool_field(4, value=self.value)
        return protobuf.double_field(2, self.value)


class Session(NamedTuple):
    """The content of one add_hparams."""

    summaries: list[bytes]
    directory: str  # of the run, inside log_dir; "" for the time
    is_same_run: bool  # written into log_dir itself


def checked(
    hparam_dict: Any, metric_dict: Any, hparam_domain_discrete: Any, run_name: Any, same_run: Any
) -> Session:
    """The arguments of SummaryWriter.add_hparams, encoded.

    Raises:
        TypeError, ValueError: one is of the wrong kind.
    """
    directory = _run_name(run_name)
    is_same_run = check.flag(same_run, "same_run") or directory == _SAME_RUN
    values = _hparams(hparam_dict)
    domains = _domains(hparam_domain_discrete, values)
    metrics = _metrics(metric_dict, same_run=is_same_run)
    summaries = [
        _summary(_EXPERIMENT_TAG, 2, _experiment(values, domains, metrics)),
        _summary(_START_TAG, 3, _session_start(values)),
        _summary(_END_TAG, 4, protobuf.int_field(1, _SUCCESS)),  # SessionEndInfo: status 1
        *(_scalar(tag, value) for tag, value in metrics.items() if value is not None),
    ]
    return Session(summaries, directory, is_same_run)


def write(
    session: Session,
    step: int,
    get_main: Callable[[], FileWriter],
    make: Callable[[str], FileWriter],
) -> None:
    """Writes a session.

    Args:
        session: from `checked`.
        step: int64.
        get_main: returns the FileWriter of log_dir.
        make: returns a new FileWriter of a directory.

    Raises:
        OSError: the run's directory cannot be made.
    """
    if session.is_same_run:
        main = Reopening(get_main)
        for summary in session.summaries:
            main.add_summary(summary, step)
        return
    path = os.path.join(get_main().get_logdir(), session.directory or str(time.time()))  # noqa: PTH118  # as in file_writer
    writer = make(path)
    try:
        for summary in session.summaries:
            writer.add_summary(summary, step)
    finally:
        writer.close()


def _run_name(run_name: Any) -> str:
    if run_name is None:
        return ""
    directory = os.fspath(run_name) if isinstance(run_name, os.PathLike) else run_name
    directory = check.string(directory, "run_name")
    if os.path.isabs(directory) or ".." in directory.replace(os.sep, "/").split("/") or "\0" in directory:  # noqa: PTH117  # a str
        raise UnsupportedValue(
            f"run_name: expected a directory inside log_dir, got {directory!r}; same_run=True writes into log_dir itself"
        )
    return directory


def _items(value: Any, name: str) -> list[tuple[Any, Any]]:
    if not isinstance(value, Mapping):
        raise UnsupportedType(f"{name}: expected a dict, got {check.type_name(value)}")
    return check.items(value, name)


def _hparams(hparam_dict: Any) -> dict[str, _Value]:
    values = {}
    for key, value in _items(hparam_dict, "hparam_dict"):
        name = check.string(key, "hparam_dict (a key)")
        if value is not None:
            values[name] = _value(value, f"hparam_dict[{name!r}]")
    return values


def _value(value: Any, name: str) -> _Value:
    """Raises TypeError or ValueError if TensorBoard cannot store `value` as a hyperparameter."""
    if isinstance(value, str):
        return _Value("text", check.string(value, name))
    if isinstance(value, (bool, np.bool_)):
        return _Value("bool", bool(value))
    if isinstance(value, numbers.Real):
        return _Value("number", _number(value, name))
    if callable(value) and isinstance(getattr(value, "__name__", None), str):  # as tensorboardX stores it
        return _Value("text", check.string(value.__name__, name))
    if hasattr(value, "shape"):
        array, dtype = arrays.as_array(value, name)
        if array.size == 1:
            return _value(arrays.widened(array, dtype).item(), name)
        raise UnsupportedValue(f"{name}: expected a number, bool or str, got an array of shape {array.shape}")
    raise UnsupportedType(f"{name}: expected a number, bool, str or None, got {check.type_name(value)}")


def _number(value: numbers.Real, name: str) -> float:
    try:
        number = float(value)
    except OverflowError as error:
        raise UnsupportedValue(
            f"{name}: expected a number within float64, got one of {_digits(value)} bits"
        ) from error
    if isinstance(value, numbers.Integral) and int(value) != number:
        notices.warn(f"{name}: {value} is stored as {number:.0f}, the nearest float64")
    return number


def _digits(value: Any) -> int:
    return int(value).bit_length()


def _domains(domains: Any, values: dict[str, _Value]) -> dict[str, list[_Value]]:
    if domains is None:
        return {}
    checked = {}
    for key, options in _items(domains, "hparam_domain_discrete"):
        name = f"hparam_domain_discrete[{key!r}]"
        if key not in values:
            raise UnsupportedType(f"{name}: expected a name for which hparam_dict has a value, got another")
        if isinstance(options, str) or not isinstance(options, Sequence):
            raise UnsupportedType(f"{name}: expected a list, got {check.type_name(options)}")
        checked[key] = [_value(option, name) for option in options]
        if any(option.kind != values[key].kind for option in checked[key]):
            raise UnsupportedType(
                f"{name}: expected values of one type with hparam_dict[{key!r}], got {options!r}"
            )
    return checked


def _metrics(metric_dict: Any, *, same_run: bool) -> dict[str, float | None]:
    return {
        check.string(key, "metric_dict (a key)"): None
        if value is None and same_run
        else scalars.as_scalar(value, f"metric_dict[{key!r}]")
        for key, value in _items(metric_dict, "metric_dict")
    }


def _experiment(
    values: dict[str, _Value], domains: dict[str, list[_Value]], metrics: Mapping[str, float | None]
) -> bytes:
    """tensorboard/plugins/hparams/api.proto, Experiment: hparam_infos 4, metric_infos 5 (name 1: tag 2)."""
    infos = b"".join(
        protobuf.bytes_field(4, _hparam_info(name, value.kind, domains.get(name)))
        for name, value in values.items()
    )
    tags = b"".join(
        protobuf.bytes_field(5, protobuf.bytes_field(1, protobuf.text_field(2, tag))) for tag in metrics
    )
    return infos + tags


def _hparam_info(name: str, kind: str, domain: list[_Value] | None) -> bytes:
    """HParamInfo: name 1, type 4, domain_discrete 5 (ListValue: values 1)."""
    info = protobuf.text_field(1, name) + protobuf.int_field(4, _DATA_TYPES[kind])
    if domain is None:
        return info
    return info + protobuf.bytes_field(
        5, b"".join(protobuf.bytes_field(1, value.encoded()) for value in domain)
    )


def _session_start(values: dict[str, _Value]) -> bytes:
    """tensorboard/plugins/hparams/plugin_data.proto, SessionStartInfo: hparams 1, a map (key 1, value 2)."""
    return b"".join(
        protobuf.bytes_field(1, protobuf.text_in_oneof(1, name) + protobuf.bytes_field(2, value.encoded()))
        for name, value in values.items()
    )


def _summary(tag: str, number: int, content: bytes) -> bytes:
    """A Summary of one value that is all metadata; HParamsPluginData holds `content` in field `number`.

    summary.proto: Summary.value 1; Value: tag 1, metadata 9; SummaryMetadata: plugin_data 1 (plugin_name 1, content 2).
    """
    plugin = protobuf.text_field(1, "hparams") + protobuf.bytes_field(
        2, protobuf.bytes_field(number, content)
    )
    value = protobuf.text_field(1, tag) + protobuf.bytes_field(9, protobuf.bytes_field(1, plugin))
    return protobuf.bytes_field(1, value)


def _scalar(tag: str, value: float) -> bytes:
    """A Summary of one scalar; summary.proto, Value: tag 1, simple_value 2."""
    with np.errstate(over="ignore"):
        simple_value = protobuf.float_field(2, float(np.float32(value)))
    return protobuf.bytes_field(1, protobuf.text_field(1, tag) + simple_value)
