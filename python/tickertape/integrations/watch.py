"""watch: logs a model's weights, gradients, activations and feature maps by hooks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tickertape._core import UnsupportedType, UnsupportedValue
from tickertape.convert import check, notices
from tickertape.writer import grids, recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from typing_extensions import Self

_KINDS = ("weights", "gradients", "activations", "feature_maps")


def watch(
    model: Any,
    writer: Any,
    every: int = 100,
    log: str | Iterable[str] = ("weights", "gradients"),
    *,
    step: Callable[[], Any] | None = None,
    prefix: str = "",
    modules: Iterable[str] | None = None,
    training_only: bool = True,
    max_maps: int = 64,
) -> Watch:
    """Logs what happens inside a model, at every `every`-th call of it.

    The tags are `weights/<parameter>`, `gradients/<parameter>`, `activations/<module>` (histograms) and
    `feature_maps/<module>` (a grid of the channels of the first sample, each scaled to its own range). Gradients are
    those in `parameter.grad` after the first backward pass that follows the call. Between two logged calls the model has
    one hook, which counts. A tensor that cannot be logged causes one warning and no error.

    Args:
        model: a torch.nn.Module; a compiled one shows no activations.
        writer: a SummaryWriter, or anything with its add_histogram and add_image.
        every: calls number 0, every, 2 * every, ... are logged.
        log: one or more of "weights", "gradients", "activations", "feature_maps".
        step: called for the step to log at. None is the default step (`set_step`) if there is one, otherwise the number
            of the call.
        prefix: beginning of every tag, followed by "/".
        modules: names of the modules for activations and feature maps, as in `model.named_modules()`; None means all
            modules without sub-modules.
        training_only: do not count and do not log calls in eval mode.
        max_maps: number of channels that a grid of feature maps shows, at most.

    Returns:
        A handle: `remove()` removes all hooks, and so does leaving its `with` block.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind.
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        raise UnsupportedType(f"model: expected a torch.nn.Module, got {check.type_name(model)}")
    for method in ("add_histogram", "add_image"):
        if not callable(getattr(writer, method, None)):
            raise UnsupportedType(f"writer: expected a SummaryWriter, got {check.type_name(writer)}")
    if step is not None and not callable(step):
        raise UnsupportedType(f"step: expected a function without arguments, got {check.type_name(step)}")
    prefix = check.string(prefix, "prefix")
    return Watch(
        torch,
        model,
        writer,
        every=check.integer(every, "every", 1),
        kinds=_kinds(log),
        step=step,
        prefix=f"{prefix}/" if prefix and not prefix.endswith("/") else prefix,
        modules=_modules(model, modules),
        training_only=bool(training_only),
        max_maps=check.integer(max_maps, "max_maps", 1),
    )


class Watch:
    """The handle of `watch`."""

    def __init__(
        self,
        torch: Any,
        model: Any,
        writer: Any,
        *,
        every: int,
        kinds: frozenset[str],
        step: Callable[[], Any] | None,
        prefix: str,
        modules: dict[str, Any],
        training_only: bool,
        max_maps: int,
    ) -> None:
        self._torch = torch
        self._model = model
        self._writer = writer
        self._every = every
        self._kinds = kinds
        self._choose_step = step
        self._prefix = prefix
        self._modules = modules
        self._training_only = training_only
        self._max_maps = max_maps
        self._calls = 0
        self._step: Any = 0  # of the call that is being logged
        self._during: list[Any] = []  # hooks that end with a logged call
        self._until_next: list[Any] = []  # hooks that end with the next call: gradients
        self._done: dict[str, int] = {}  # tags of this call, and how often each was logged
        self._warned: set[str] = set()
        self._counter = model.register_forward_pre_hook(_Hook(self._before))

    @property
    def calls(self) -> int:
        """Number of calls of the model that were counted."""
        return self._calls

    def remove(self) -> None:
        """Removes all hooks from the model. Removing twice is fine."""
        self._counter.remove()
        _remove_all(self._during)
        _remove_all(self._until_next)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.remove()

    def _before(self, model: Any, _args: Any) -> None:
        """Runs before each call of the model."""
        torch = self._torch
        if (
            (self._training_only and not model.training)
            or torch.jit.is_tracing()
            or torch.compiler.is_compiling()
        ):
            return
        if self._during or self._until_next:
            _remove_all(self._during)
            _remove_all(self._until_next)
        number = self._calls
        self._calls = number + 1
        if number % self._every == 0:
            self._start(number)

    def _start(self, number: int) -> None:
        default = recording.get_step()
        self._step = self._choose_step() if self._choose_step else number if default is None else default
        self._done = {}
        if not self._kinds.isdisjoint(("weights", "gradients")):
            self._start_parameters()
        if not self._kinds.isdisjoint(("activations", "feature_maps")):
            for name, module in self._modules.items():
                self._during.append(module.register_forward_hook(_Hook(self._after_module(name))))
            self._during.append(self._model.register_forward_hook(_Hook(self._after), always_call=True))

    def _start_parameters(self) -> None:
        for name, parameter in self._model.named_parameters():
            if self._torch.nn.parameter.is_lazy(parameter):
                continue
            if "weights" in self._kinds:
                self._histogram("weights", name, parameter)
            if "gradients" in self._kinds and parameter.requires_grad and parameter.is_leaf:
                self._until_next.append(
                    parameter.register_post_accumulate_grad_hook(_Hook(self._after_gradient(name)))
                )

    def _after_gradient(self, name: str) -> Callable[..., None]:
        def hook(parameter: Any) -> None:
            if f"gradients/{name}" not in self._done:  # a second backward pass does not belong to this call
                self._histogram("gradients", name, parameter.grad)

        return hook

    def _after_module(self, name: str) -> Callable[..., None]:
        def hook(_module: Any, _args: Any, output: Any) -> None:
            for place, tensor in _tensors(self._torch, output):
                if "activations" in self._kinds:
                    self._histogram("activations", name + place, tensor)
                if "feature_maps" in self._kinds and tensor.ndim == 4 and min(tensor.shape[2:]) > 1:
                    self._maps(name + place, tensor)

        return hook

    def _after(self, _model: Any, _args: Any, _output: Any) -> None:
        """Runs after a logged call, also after an exception, so that a recomputation in backward is not logged again."""
        _remove_all(self._during)

    def _histogram(self, kind: str, name: str, tensor: Any) -> None:
        tag = self._tag(kind, name)
        if tensor is None or tensor.is_meta or tensor.numel() == 0:
            return
        self._log(tag, lambda: self._writer.add_histogram(tag, _dense(self._torch, tensor), self._step))

    def _maps(self, name: str, tensor: Any) -> None:
        tag = self._tag("feature_maps", name)
        if tensor.is_meta or tensor.numel() == 0:
            return

        def add() -> None:
            maps = tensor[0, : self._max_maps].detach()[:, None]
            grid = grids.make_grid(maps.float(), padding=1, normalize=True, scale_each=True, pad_value=1.0)
            self._writer.add_image(tag, grid, self._step)

        self._log(tag, add)

    def _tag(self, kind: str, name: str) -> str:
        """A tag of this call; for a module's second call it ends with a number."""
        tag = f"{kind}/{name}"
        again = self._done[tag] = self._done.get(tag, 0) + 1
        return f"{self._prefix}{tag}" if again == 1 else f"{self._prefix}{tag}/call_{again}"

    def _log(self, tag: str, add: Callable[[], None]) -> None:
        try:
            with self._torch.no_grad():
                add()
        except (TypeError, ValueError, RuntimeError) as error:
            if tag not in self._warned:
                self._warned.add(tag)
                notices.warn(f"watch: {tag} cannot be logged: {check.text_of(error)}")


class _Hook:
    """A hook that a copied or pickled model does not keep: its writer belongs to the original."""

    def __init__(self, function: Callable[..., None]) -> None:
        self._function = function

    def __call__(self, *args: Any) -> None:
        self._function(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Hook, (_nothing,)


def _nothing(*_: Any) -> None:
    pass


def _remove_all(handles: list[Any]) -> None:
    for handle in handles:
        handle.remove()
    handles.clear()


def _kinds(log: Any) -> frozenset[str]:
    try:
        kinds = frozenset([log] if isinstance(log, str) else log)
    except TypeError as error:
        raise UnsupportedType(f"log: expected names out of {_KINDS}, got {check.type_name(log)}") from error
    if not kinds or not kinds <= set(_KINDS):
        raise UnsupportedValue(f"log: expected names out of {_KINDS}, got {log!r}")
    return kinds


def _modules(model: Any, names: Any) -> dict[str, Any]:
    """The modules whose activations and feature maps are logged, by name."""
    every = dict(model.named_modules())
    if names is None:
        return {
            name or type(model).__name__: module
            for name, module in every.items()
            if next(module.children(), None) is None
        }
    if isinstance(names, str):
        raise UnsupportedType(f"modules: expected a list of names, got the str {names!r}")
    chosen = list(names)
    unknown = [name for name in chosen if name not in every]
    if unknown:
        raise UnsupportedValue(f"modules: expected names from model.named_modules(), got {unknown}")
    return {name or type(model).__name__: every[name] for name in chosen}


def _tensors(torch: Any, output: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """(place, tensor) of every tensor that a module returned: "" for a single one, "/0", "/hidden" in lists and dicts."""
    if isinstance(output, torch.Tensor):
        yield place, output
    elif isinstance(output, dict):
        for key, value in output.items():
            yield from _tensors(torch, value, f"{place}/{key}")
    elif isinstance(output, (list, tuple)):
        for number, value in enumerate(output):
            yield from _tensors(torch, value, f"{place}/{number}")


def _dense(torch: Any, tensor: Any) -> Any:
    """The numbers that a histogram counts: the values of a sparse tensor, real and imaginary parts of a complex one."""
    tensor = tensor.detach()
    if tensor.is_sparse:
        tensor = tensor.coalesce().values()
    return torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
