"""SummaryWriter.restart and purge_step: a run, or one series of it, starts over."""

from __future__ import annotations

import os
import re
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from tickertape.convert import check, protobuf
from tickertape.writer import own_events
from tickertape.writer.tags import cleaned

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from tickertape import _core
    from tickertape.writer.file_writer import FileWriter

_START = 1  # tensorboard/compat/proto/event.proto, SessionLog.SessionStatus


_HPARAMS = "_hparams_/"  # tensorboard/plugins/hparams/metadata.py
_SESSION = _HPARAMS + "session_start_info"
_FORK = r"(?<![^/])fork_\d+/"  # compiled at the first use
_MOST_EVENTS = 1000  # that say which method made a run


def restart(
    get_writers: Callable[[], tuple[FileWriter, ...]],
    make: Callable[[str], FileWriter],
    step: Any,
    tag: Any,
    *,
    is_on_disk: bool,
) -> None:
    """See SummaryWriter.restart; `get_writers` returns the writers of all files, the main one first, `make` a new one."""
    number = check.step(step, "step")
    if tag is not None:
        check.string(tag, "tag")
    writers = get_writers()
    for writer in writers:
        if tag is None:
            _add_start(writer, number)
        elif is_on_disk:
            _reset_tag(writer, number, tag)
    if not is_on_disk:
        return
    known = [writer.get_logdir() for writer in writers]
    for directory in _earlier_runs(known[0], known, tag):
        writer = make(directory)
        try:
            _add_start(writer, number) if tag is None else _reset_tag(writer, number, tag)
        finally:
            writer.close()


def purge_earlier_runs(log_dir: str, step: int, make: Callable[[str, int], FileWriter]) -> None:
    """Does what purge_step does in the runs that add_scalars and add_hparams have made below `log_dir`.

    Args:
        log_dir: of the main run.
        step: the first step to hide.
        make: returns a new FileWriter of a directory with a purge_step.

    Raises:
        OSError: a file cannot be read or made.
    """
    for directory in _earlier_runs(log_dir, [log_dir]):
        make(directory, step).close()


def _earlier_runs(log_dir: str, known: Collection[str], tag: str | None = None) -> Iterator[str]:
    """The directories of runs that add_scalars, add_hparams and forked children have made below `log_dir`, but `known`.

    Other runs below are not touched. `tag` chooses the runs that have it.
    """
    from pathlib import Path  # noqa: PLC0415  # nothing else of a writer needs it

    for top, folders, names in os.walk(log_dir):
        folders.sort()
        if top in known or not any("tfevents" in name for name in names):
            continue
        tags = _own_tags(Path(top), os.path.relpath(top, log_dir))
        if tags and (tag is None or tag in tags):
            yield top


def _own_tags(directory: Path, name: str) -> set[str]:
    """The tags of a run that is called `name` below log_dir; none if another writer made it."""
    events = islice(own_events.events(directory), _MOST_EVENTS)
    tags = [value.tag for event in events for value in event.summary.value]
    if not tags:
        return set()
    name = re.sub(_FORK, "", name + "/")  # a forked child writes below the run that its parent writes
    if not name:
        is_own = True
    elif tags[0].startswith(_HPARAMS):  # then each metric once in a session
        sessions = tags.count(_SESSION)
        is_own = all(tag.startswith(_HPARAMS) or tags.count(tag) <= sessions for tag in set(tags))
    elif name.startswith(tags[0].replace("/", "_") + "_"):  # torch's layout
        is_own = set(tags) == {tags[0]}
    else:  # tensorboardX's
        is_own = set(tags) == {tags[0]} and f"{cleaned(name)}/".startswith(f"{cleaned(tags[0])}/")
    return set(tags) if is_own else set()


def _add_start(writer: FileWriter, step: int) -> None:
    """Adds a START, twice: TensorBoard's plugin_event_accumulator.py ignores the first START of a run.

    event.proto: wall_time 1, step 2, session_log 7 (status 1).
    """
    start = protobuf.double_field(1, time.time()) + protobuf.int_field(2, step)
    start += protobuf.bytes_field(7, protobuf.int_field(1, _START))
    writer.op_writer.add_event(start)
    writer.op_writer.add_event(start)


def _reset_tag(writer: FileWriter, step: int, tag: str) -> None:
    from pathlib import Path  # noqa: PLC0415  # nothing else of a writer needs it

    writer.flush()
    kept: list[tuple[int, bytes, bool]] = []  # (step, event, whether it lost values of the tag)
    for event in own_events.events(Path(writer.get_logdir())):
        if event.session_log.status == _START:
            kept = [entry for entry in kept if entry[0] < event.step]
        elif event.HasField("summary") and event.step >= step:
            values = event.summary.value
            others = [value for value in values if value.tag != tag]
            kept.append((event.step, _with_values(event, others), len(others) != len(values)))
    if not any(lost for _, _, lost in kept):
        return
    _add_start(writer, step)
    for _, rest, _ in kept:
        if rest:
            writer.op_writer.add_event(rest)


def _with_values(event: _core.Event, values: list[_core.Value]) -> bytes:
    """The event with these values alone; b"" if there are none.

    event.proto: wall_time 1, step 2, summary 5; summary.proto: value 1.
    """
    if not values:
        return b""
    summary = b"".join(protobuf.bytes_field(1, value.SerializeToString()) for value in values)
    when = protobuf.double_field(1, event.wall_time) + protobuf.int_field(2, event.step)
    return when + protobuf.bytes_field(5, summary)
