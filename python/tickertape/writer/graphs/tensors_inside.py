"""Results and inputs of models that torch's tracers do not know: the tensors inside, which are all that a graph shows."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tickertape._core import UnsupportedType
from tickertape.convert import check

_DEEPEST = 12  # caches of language models nest 4 levels


@contextlib.contextmanager
def shown(torch: Any, model: Any) -> Iterator[list[Any]]:
    """While it lasts, a result of `model` that holds objects is a dict of the tensors inside, named by their places.

    E.g. transformers' caches, dataclasses, torch.distributions (whose checks of values tracers cannot follow).

    Yields:
        The dicts that were made.
    """
    made: list[Any] = []

    def hook(_module: Any, _args: Any, output: Any) -> Any:
        tensors = _known(torch, output)
        if tensors is not None:
            made.append(tensors)
        return tensors

    distribution = torch.distributions.Distribution
    checks = distribution._validate_args  # noqa: SLF001  # there is no public way to read it
    handle = model.register_forward_hook(hook)
    distribution.set_default_validate_args(False)
    try:
        yield made
    finally:
        distribution.set_default_validate_args(checks)
        handle.remove()


@contextlib.contextmanager
def packed(torch: Any, model: Any, given: Any) -> Iterator[tuple[Any, ...]]:
    """The arguments for a PackedSequence, which tracers do not take: its tensors, from which a hook makes it again."""
    kind = torch.nn.utils.rnn.PackedSequence
    present = [tensor is not None for tensor in given]

    def pack(_module: Any, tensors: tuple[Any, ...]) -> tuple[Any, ...]:
        remaining = iter(tensors)
        return (kind(*(next(remaining) if is_there else None for is_there in present)),)

    handle = model.register_forward_pre_hook(pack)
    try:
        yield tuple(tensor for tensor in given if tensor is not None)
    finally:
        handle.remove()


def as_tensors(torch: Any, value: Any) -> Any:
    """`value` with NumPy arrays as tensors and mappings as dicts, inside lists, tuples and dicts too."""
    if isinstance(value, (np.ndarray, np.generic)):
        try:
            return torch.from_numpy(np.array(value))  # a copy: it may be read-only
        except TypeError as error:
            raise UnsupportedType(
                f"input_to_model: expected arrays of numbers, got one of {value.dtype}"
            ) from error
    if isinstance(value, Mapping):
        if isinstance(value, dict) and not any(_has_arrays(item) for item in value.values()):
            return value
        return {key: as_tensors(torch, item) for key, item in check.items(value, "input_to_model")}
    if type(value) in (list, tuple) and any(_has_arrays(item) for item in value):
        return type(value)(as_tensors(torch, item) for item in value)
    return value


def _has_arrays(value: Any) -> bool:
    if isinstance(value, Mapping):
        return not isinstance(value, dict) or any(map(_has_arrays, value.values()))
    return isinstance(value, (np.ndarray, np.generic)) or (
        type(value) in (list, tuple) and any(map(_has_arrays, value))
    )


def _known(torch: Any, output: Any) -> Any:
    """None, which leaves the result as it is, if tracers know it; otherwise its tensors."""
    pytree = torch.utils._pytree  # noqa: SLF001  # torch's own name for its trees
    plain = (torch.Tensor, int, float, bool, complex, str, type(None))
    sequence = (
        torch.nn.utils.rnn.PackedSequence
    )  # a namedtuple with None in it, which torch.jit.trace refuses
    leaves = pytree.tree_leaves(output, is_leaf=lambda part: isinstance(part, sequence))
    if all(isinstance(leaf, plain) for leaf in leaves):
        return None
    found: dict[str, Any] = {}
    _collect(torch, output, "", found, set(), _DEEPEST)
    return found or None


def _collect(torch: Any, value: Any, name: str, found: dict[str, Any], seen: set[int], depth: int) -> None:
    if isinstance(value, torch.Tensor):
        found[name or "output"] = value
        return
    if depth == 0 or id(value) in seen or isinstance(value, (torch.nn.Module, type)):
        return
    seen.add(id(value))
    for key, item in _parts(value):
        _collect(torch, item, f"{name}.{key}" if name else str(key), found, seen, depth - 1)


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif hasattr(value, "_fields"):  # a namedtuple
        yield from zip(value._fields, value, strict=True)
    elif isinstance(value, (list, tuple)):
        yield from enumerate(value)
    elif dataclasses.is_dataclass(value):
        yield from ((field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value))
    else:
        yield from ((key, item) for key, item in getattr(value, "__dict__", {}).items())
