"""add_hparams: what a run was started with and what came out, for TensorBoard's hparams page."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, notices, protobuf, windows_names
from tickertape.writer import hparam_values, own_events
from tickertape.writer.file_writer import Reopening

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickertape.writer.file_writer import FileWriter

# tensorboard/plugins/hparams/metadata.py
_EXPERIMENT_TAG = "_hparams_/experiment"
_START_TAG = "_hparams_/session_start_info"
_END_TAG = "_hparams_/session_end_info"
_START = 3  # tensorboard/plugins/hparams/plugin_data.proto, HParamsPluginData: session_start_info
_SUCCESS = 1  # tensorboard/plugins/hparams/api.proto, enum Status
_DATA_TYPES = {"text": 1, "bool": 2, "number": 3}  # tensorboard/plugins/hparams/api.proto, enum DataType
MOST_COLUMNS = (
    1000  # of hyperparameters that the page loads (tensorboard 2.21, index.js, _maxNumHparamsToLoad)
)
_SAME_RUN = "."  # torch's users pass it as run_name to stay in the run's directory


class Session(NamedTuple):
    """The content of one add_hparams."""

    summaries: list[bytes]
    hparams: frozenset[bytes]  # the encoded entries of the map
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
    values = hparam_values.flattened(hparam_dict, "hparam_dict")
    if len(values) > MOST_COLUMNS:
        notices.warn_once(
            "columns of hparams",
            f"hparam_dict: expected at most {MOST_COLUMNS} hyperparameters, got {len(values)}; the page loads that many columns "
            "(said once)",
        )
    domains = _domains(hparam_domain_discrete, values)
    metrics = _metrics(metric_dict, same_run=is_same_run)
    start = _session_start(values)
    summaries = [
        # TensorBoard shows the columns of the first experiment that it finds, and those of all sessions if there is none.
        *([_summary(_EXPERIMENT_TAG, 2, _experiment(values, domains, metrics))] if domains else []),
        _summary(_START_TAG, _START, b"".join(start)),
        _summary(_END_TAG, 4, protobuf.int_field(1, _SUCCESS)),  # SessionEndInfo: status 1
        *(_scalar(tag, value) for tag, value in metrics.items() if value is not None),
    ]
    return Session(summaries, frozenset(start), directory, is_same_run)


def write(
    session: Session,
    step: int,
    get_main: Callable[[], FileWriter],
    make: Callable[[str], FileWriter],
    *,
    is_on_disk: bool,
) -> None:
    """Writes a session.

    Args:
        session: from `checked`.
        step: int64.
        get_main: returns the FileWriter of log_dir.
        make: returns a new FileWriter of a directory.
        is_on_disk: look whether the run has other hyperparameters.

    Raises:
        OSError: the run's directory cannot be made.
        ValueError: the run has other hyperparameters.
    """
    if session.is_same_run:
        if is_on_disk:
            opened = get_main()
            opened.flush()
            _check_new(session, opened.get_logdir())
        main = Reopening(get_main)
        for summary in session.summaries:
            main.add_summary(summary, step)
        return
    path = os.path.join(get_main().get_logdir(), session.directory or str(time.time()))  # noqa: PTH118  # as in file_writer
    if is_on_disk and session.directory:
        _check_new(session, path)
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
    windows_names.refuse(directory, "run_name")
    if os.path.isabs(directory) or ".." in directory.replace(os.sep, "/").split("/") or "\0" in directory:  # noqa: PTH117  # a str
        raise UnsupportedValue(
            f"run_name: expected a directory inside log_dir, got {directory!r}; same_run=True writes into log_dir itself"
        )
    return directory


def _items(value: Any, name: str) -> list[tuple[Any, Any]]:
    if not isinstance(value, Mapping):
        raise UnsupportedType(f"{name}: expected a dict, got {check.type_name(value)}")
    return check.items(value, name)


def _domains(domains: Any, values: dict[str, hparam_values.Value]) -> dict[str, list[hparam_values.Value]]:
    if domains is None:
        return {}
    checked = {}
    for key, options in _items(domains, "hparam_domain_discrete"):
        name = f"hparam_domain_discrete[{key!r}]"
        if key not in values:
            raise UnsupportedType(f"{name}: expected a name for which hparam_dict has a value, got another")
        if isinstance(options, str) or not isinstance(options, Sequence):
            raise UnsupportedType(f"{name}: expected a list, got {check.type_name(options)}")
        checked[key] = [hparam_values.value_of(option, name) for option in options]
        if any(option.kind != values[key].kind for option in checked[key]):
            raise UnsupportedType(
                f"{name}: expected values of one type with hparam_dict[{key!r}], got {options!r}"
            )
    return checked


def _metrics(metric_dict: Any, *, same_run: bool) -> dict[str, float | None]:
    return {
        check.string(key, "metric_dict (a key)"): None
        if value is None and same_run
        else check.scalar(value, f"metric_dict[{key!r}]")
        for key, value in _items(metric_dict, "metric_dict")
    }


def _experiment(
    values: dict[str, hparam_values.Value],
    domains: dict[str, list[hparam_values.Value]],
    metrics: Mapping[str, float | None],
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


def _hparam_info(name: str, kind: str, domain: list[hparam_values.Value] | None) -> bytes:
    """HParamInfo: name 1, type 4, domain_discrete 5 (ListValue: values 1)."""
    info = protobuf.text_field(1, name) + protobuf.int_field(4, _DATA_TYPES[kind])
    if domain is None:
        return info
    return info + protobuf.bytes_field(
        5, b"".join(protobuf.bytes_field(1, value.encoded()) for value in domain)
    )


def _session_start(values: dict[str, hparam_values.Value]) -> list[bytes]:
    """The entries of a map; plugin_data.proto, SessionStartInfo: hparams 1 (key 1, value 2)."""
    return [
        protobuf.bytes_field(1, protobuf.text_in_oneof(1, name) + protobuf.bytes_field(2, value.encoded()))
        for name, value in values.items()
    ]


def _check_new(session: Session, directory: str) -> None:
    """Raises ValueError if `directory` holds other hyperparameters: TensorBoard would show these beside new metrics."""
    from pathlib import Path  # noqa: PLC0415  # takes longer to import than all of this package

    folder = Path(directory)
    value = own_events.first_value(folder, _START_TAG) if folder.is_dir() else None
    if value is None:
        return
    content = value.metadata.plugin_data.content
    start = next((part for number, part in protobuf.message_fields(content) if number == _START), b"")
    known = {
        protobuf.bytes_field(1, entry) for number, entry in protobuf.message_fields(start) if number == 1
    }
    if known != session.hparams:
        raise UnsupportedValue(
            f"run_name: expected a run without hyperparameters, or with these ones, got {directory!r}, which has others; "
            "choose another run_name, or remove that directory"
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
