"""Other packages that have patched a writer to see what is logged: wandb, MLflow, ClearML. Checked when a file is opened.

wandb replaces EventFileWriter by a subclass. Its constructor tells wandb the directory, which wandb then reads; so we run
that constructor. MLflow and ClearML replace FileWriter.add_event and add_summary. Every op of such a file becomes a
protobuf message that is passed to their method, which finally writes it to our file.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from tickertape.writer import instance_bridge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tickertape.writer.file_writer import FileWriter
    from tickertape.writer.observation import Observation

_WRITER_MODULES = ("torch.utils.tensorboard.writer", "tensorboardX.writer")
# The modules that define EventFileWriter; a patched one is defined elsewhere.
_EVENT_WRITER_HOMES = ("tensorboard.summary.writer.event_file_writer", "tensorboardX.event_file_writer")
_PATCHED = {"add_event", "add_summary"}

# The FileWriters that install() has replaced by ours. They may have been patched before.
replaced: list[type] = []


def file_opened(file_writer: FileWriter, filename_suffix: str) -> Observation:
    """Announces a file that was just opened, and finds out who wants to see its ops."""
    announce(file_writer.get_logdir(), filename_suffix)
    return attach(file_writer)


def announce(log_dir: str, filename_suffix: str) -> None:
    """Runs the constructor of a patched EventFileWriter, without the original one that it calls."""
    for name in (*_WRITER_MODULES, _EVENT_WRITER_HOMES[0]):
        patched = getattr(sys.modules.get(name), "EventFileWriter", None)
        if not isinstance(patched, type) or patched.__module__ in _EVENT_WRITER_HOMES:
            continue
        for base in patched.__mro__:
            if base.__module__ in _EVENT_WRITER_HOMES:
                # In the method order between the patch and its base: super().__init__ ends here.
                silent = type(base.__name__, (base,), {"__init__": _nothing, "add_event": _nothing})
                type(patched.__name__, (patched, silent), {})(log_dir, filename_suffix=filename_suffix)
                return


def _nothing(*_: Any, **__: Any) -> None:
    pass


def attach(file_writer: FileWriter) -> Observation:
    """Finds out whether somebody has patched a writer class, and who is to get the file's ops."""
    for candidate, home in _candidates(file_writer):
        messages = _messages(home) if _is_patched(candidate) else None
        if messages is not None:
            front = _twin(candidate, file_writer, messages) if home else file_writer
            from tickertape.integrations.observed import ObservedWriter  # noqa: PLC0415  # for the few that need it

            return front, messages, ObservedWriter(front, messages)
    return None, None, file_writer.event_writer


def _candidates(file_writer: FileWriter) -> Iterator[tuple[type, str]]:
    """The classes whose methods may have been replaced, each with the module that offers it; "" for our own."""
    for ours in type(file_writer).__mro__:
        if ours is instance_bridge.EmptyBase:  # the bases after it were added by install()
            break
        yield ours, ""
    for home in _WRITER_MODULES:
        found = getattr(sys.modules.get(home), "FileWriter", None)
        if isinstance(found, type) and found is not type(file_writer):
            yield found, home
    for theirs in replaced:
        yield theirs, theirs.__module__


def _is_patched(candidate: type) -> bool:
    return "__getattribute__" in vars(candidate) or not _PATCHED.isdisjoint(patched_methods(candidate))


def patched_methods(candidate: type) -> list[str]:
    """The methods of a writer that another source file than its module defines; none if the sources are unknown."""
    home = getattr(sys.modules.get(candidate.__module__), "__file__", None)
    sources = {name: _source(member) for name, member in vars(candidate).items() if callable(member)}
    return [name for name, source in sources.items() if source != home] if home in sources.values() else []


def _source(function: Any) -> str | None:
    return getattr(getattr(function, "__code__", None), "co_filename", None)


def _twin(candidate: type, file_writer: FileWriter, messages: Any) -> Any:
    """A FileWriter of the patched class on our file: its methods run unchanged and write to our file."""
    twin: Any = object.__new__(candidate)
    vars(twin).update(vars(file_writer), _front=twin, _messages=messages, op_writer=file_writer.event_writer)
    vars(twin).update(_default_metadata={})  # tensorboardX's
    return twin


def _messages(home: str) -> Any:
    """The event_pb2 that a writer module uses, or any other; None if protobuf is missing."""
    for name in (home, *_WRITER_MODULES):
        found = getattr(sys.modules.get(name), "event_pb2", None)
        if found is not None:
            return found
    try:
        return importlib.import_module("tensorboard.compat.proto.event_pb2")
    except ImportError:
        return None
