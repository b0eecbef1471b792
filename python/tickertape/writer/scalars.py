"""add_scalars: several curves in one chart, each with its own directory. add_scalar itself is native."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tickertape import _core
from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, deferred, paths
from tickertape.writer.file_writer import Reopening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tickertape.writer.file_writer import FileWriter


def add_scalars(
    get_writers: Callable[[str, Iterable[str]], list[FileWriter]],
    prefix: str,
    main_tag: str,
    tag_scalar_dict: Any,
    global_step: Any,
    walltime: Any,
) -> None:
    """See SummaryWriter.add_scalars; `get_writers` takes `prefix` and names, and returns the runs' writers."""
    step = check.step(global_step)
    seconds = check.walltime(walltime)
    seconds = time.time() if seconds is None else seconds
    if not isinstance(tag_scalar_dict, Mapping):
        raise UnsupportedType(f"tag_scalar_dict: expected a dict, got {check.type_name(tag_scalar_dict)}")
    is_dict = type(tag_scalar_dict) is dict  # nearly always; check.items copies the pairs
    pairs = tag_scalar_dict.items() if is_dict else check.items(tag_scalar_dict, "tag_scalar_dict")
    values = _values({_run_name(key): value for key, value in pairs})
    writers = get_writers(prefix, values)
    for number, (name, value) in enumerate(values.items()):
        try:
            writers[number].op_writer.add_scalar(main_tag, value, step, seconds)
        except _core.WriterClosed:  # noqa: PERF203  # by another thread: nearly never
            again = Reopening(lambda name=name: get_writers(prefix, [name])[0].op_writer)  # type: ignore[misc]
            again.add_scalar(main_tag, value, step, seconds)


def _values(by_name: dict[str, Any]) -> dict[str, Any]:
    """The values as add_scalar takes them. Those on accelerators are copied together, one copy for each device."""
    # Nearly all are floats, which need no check: 100 of them take 37 us instead of 197 (with the cache of _run_name).
    if all(type(value) is float for value in by_name.values()):
        return by_name
    values = {name: value for name, value in by_name.items() if deferred.device_of(value) is None}
    elsewhere = {name: value for name, value in by_name.items() if name not in values}
    for name, value in values.items():
        values[name] = check.scalar(value, f"tag_scalar_dict[{name!r}]")
    if not elsewhere:
        return values
    arguments = [f"tag_scalar_dict[{name!r}]" for name in elsewhere]
    found = _core.deferred_scalars(list(elsewhere.values()), arguments)
    for (name, value), argument, scalar in zip(elsewhere.items(), arguments, found, strict=True):
        values[name] = check.scalar(value, argument) if scalar is None else scalar
    return {name: values[name] for name in by_name}


def _run_name(key: Any) -> str:
    """As _checked_name, for keys that cannot be hashed too."""
    try:
        return _checked_name(key)
    except TypeError:
        check.string(key, "tag_scalar_dict (a key)")  # names the argument
        raise


@lru_cache(maxsize=4096)  # a training loop has the same few keys at every step
def _checked_name(key: Any) -> str:
    """A key of tag_scalar_dict as a part of a directory's name.

    Raises:
        TypeError: the key is no str.
        ValueError: the directory would be outside log_dir.
    """
    name = check.string(key, "tag_scalar_dict (a key)")
    if not paths.stays_inside(name):
        raise UnsupportedValue(f"tag_scalar_dict: expected keys that stay inside log_dir, got {name!r}")
    return name
