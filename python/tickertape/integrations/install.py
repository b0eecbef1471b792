"""install(): torch.utils.tensorboard and tensorboardX hand out our writers, imported already or later.

Neither package is imported here. What is imported already is changed at once; for the rest a finder stands in
sys.meta_path and changes the module that defines the writers right after it has run.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any, NamedTuple

from tickertape.convert import notices
from tickertape.integrations import observers
from tickertape.writer import instance_bridge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# The module that defines the writers, to the package that hands them out.
_PACKAGES = {
    "torch.utils.tensorboard.writer": "torch.utils.tensorboard",
    "tensorboardX.writer": "tensorboardX",
}
_NAMES = ("SummaryWriter", "FileWriter")


class _Replaced(NamedTuple):
    """One class that was put aside, and what is handed out in its place."""

    package: str
    name: str
    theirs: type
    ours: type  # one of tickertape's two classes, which takes on `theirs` as a base
    handed_out: type  # `ours`, or what stands in front of it with tensorboardX's parameters


_replaced: list[_Replaced] = []
_carried_over: list[tuple[type, str]] = []  # methods set on our class, by name


def install() -> None:
    """Lets `torch.utils.tensorboard` and `tensorboardX` hand out our SummaryWriter and FileWriter.

    To be called before the code that imports them by name: what holds one of the old classes already goes on with it,
    and a warning says which modules these are. isinstance holds both ways: our writers are instances of the old
    classes, the old ones' of ours. Calling it again changes nothing, but looks and warns again. `uninstall()` undoes it.

    Warns:
        UserWarning: modules have imported the old classes by name.
    """
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    for name in _PACKAGES:
        module = sys.modules.get(name)
        if module is not None:
            _replace(module)
    late = sorted({name for change in _replaced for name in _holders(change.theirs)})
    if late:
        notices.warn(
            f"tickertape.install() came too late for {', '.join(late)}: the SummaryWriter imported there is still the "
            "old one. Call install() before these are imported, or start with `python -m tickertape run script.py`."
        )


def uninstall() -> None:
    """Undoes install(): the packages hand out their own classes again. Our writers that are open go on."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    while _replaced:
        change = _replaced.pop()
        for module in _modules_of(change.package):
            _swap(module, change.handed_out, change.theirs)
        change.ours.__bases__ = tuple(base for base in change.ours.__bases__ if base is not change.theirs)
    while _carried_over:
        delattr(*_carried_over.pop())
    instance_bridge.replaced_classes.clear()
    observers.replaced.clear()


def _replace(module: ModuleType) -> None:
    """Puts our classes in the place of those that `module` defines, throughout its package."""
    package = _PACKAGES[module.__name__]
    for name in _NAMES:
        theirs = vars(module).get(name)
        if not isinstance(theirs, type) or issubclass(theirs, _ours(name)):
            continue  # ours already
        change = _Replaced(package, name, theirs, _ours(name), _handed_out(package, name))
        _replaced.append(change)
        _relate(change)
        for holder in {module, *_modules_of(package)}:
            _swap(holder, theirs, change.handed_out)


def _ours(name: str) -> Any:
    from tickertape import writer  # noqa: PLC0415  # install() alone shall be cheap

    return getattr(writer, name)


def _handed_out(package: str, name: str) -> type:
    if package != "tensorboardX":
        return _ours(name)  # type: ignore[no-any-return]
    from tickertape.integrations import tensorboardx  # noqa: PLC0415  # likewise

    return getattr(tensorboardx, name)  # type: ignore[no-any-return]


def _relate(change: _Replaced) -> None:
    """Makes isinstance hold both ways, and sees to it that what was patched on the old class goes on being called."""
    # Behind all bases of ours: what we lack (a private method that somebody calls) is found there.
    change.ours.__bases__ = (*change.ours.__bases__, change.theirs)
    bridge = instance_bridge.replaced_classes
    bridge[change.ours] = (*bridge.get(change.ours, ()), change.theirs)
    if change.handed_out is not change.ours:
        bridge[change.handed_out] = (*bridge.get(change.handed_out, ()), change.ours, change.theirs)
    if change.name == "FileWriter":
        observers.replaced.append(change.theirs)
    else:
        for name in observers.patched_methods(change.theirs):
            if name.startswith(
                "add_"
            ):  # they end in the old method, which writes through our _get_file_writer
                setattr(change.ours, name, vars(change.theirs)[name])
                _carried_over.append((change.ours, name))


def _swap(module: ModuleType, old: type, new: type) -> None:
    for name, value in list(vars(module).items()):
        if value is old:
            setattr(module, name, new)


def _modules_of(package: str) -> list[ModuleType]:
    return [
        module
        for name, module in list(sys.modules.items())
        if module is not None and (name == package or name.startswith(package + "."))
    ]


def _holders(theirs: type) -> Iterator[str]:
    """The modules that hold an old class under any name. Nothing is imported or computed by looking."""
    # Some modules go by two names: __mp_main__ is __main__.
    names = {id(module): (name, module) for name, module in reversed(list(sys.modules.items()))}
    for name, module in names.values():
        members = getattr(module, "__dict__", None)
        if isinstance(members, dict) and any(value is theirs for value in list(members.values())):
            yield name


class _Finder(MetaPathFinder):
    """Finds nothing by itself: has the other finders find the modules that define writers, and wraps their loader."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _PACKAGES:
            return None
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            if isinstance(finder, _Finder) or find_spec is None:
                continue
            spec: ModuleSpec | None = find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader(Loader):
    """Runs a module as its own loader does, then replaces the writers in it."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # From here on the module looks as if this had never been: inspect and pkgutil ask its loader.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _replace(module)
